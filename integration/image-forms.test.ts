import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { execa } from 'execa';
import { digestOf } from './digest-of.ts';
import { forms, manyLayers, oneLayer } from './images.ts';
import { debianRootfs, program } from './program.ts';

describe('an image has one digest, whether it is saved', () => {
  let expected: string;
  before(async () => {
    expected = await digestOf(`oci:${manyLayers.gzip}`);
  });

  for (const [form, source] of Object.entries(forms)) {
    test(form, async () => {
      assert.equal(await digestOf(source), expected);
    });
  }
});

test('the image of a directory has the digest of the directory', async () => {
  assert.equal(await digestOf(`oci:${oneLayer.gzip}`), await digestOf(debianRootfs));
});

test('what buildah makes of deletions, opaque directories and links means the same to every engine', async () => {
  const { stdout } = await execa(program, ['digest', '--json', `oci:${manyLayers.gzip}`]);
  assert.equal(JSON.parse(stdout).portable, true);
});
