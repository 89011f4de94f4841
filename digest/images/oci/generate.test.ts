import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parseImageConfig, parseImageIndex, parseImageManifest } from './parse.ts';

const folder = import.meta.dirname;

test('the generated files are what the generator makes of the schemas', () => {
  // Throws, and shows which file it is, unless the exit code is 0.
  execFileSync(process.execPath, [join(folder, 'generate.ts'), '--check'], { timeout: 60_000 });
});

test('the validators load nothing', () => {
  const source = readFileSync(join(folder, 'validators.generated.js'), 'utf8');
  assert.doesNotMatch(source, /\b(?:require\(|import\b|Function\()/);
});

describe('the image specification’s own examples are accepted', () => {
  const read = (name: string): Buffer => readFileSync(join(folder, 'testdata', name));

  test('image-index.md', () => {
    assert.equal(parseImageIndex(read('index.json'), 'it').manifests[1]?.platform?.os, 'linux');
  });

  test('manifest.md', () => {
    assert.equal(parseImageManifest(read('manifest.json'), 'it').layers.length, 3);
  });

  test('config.md', () => {
    assert.equal(parseImageConfig(read('config.json'), 'it').rootfs.diff_ids.length, 2);
  });
});
