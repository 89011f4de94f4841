import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseImageChoice } from './image-choice.ts';
import { parseSource } from './source.ts';

const image = parseSource('oci:x');
const directory = parseSource('x');

function parse(platform?: string, semantics?: string, sources = [directory, image]) {
  return parseImageChoice({ platform, semantics }, sources);
}

describe('parseImageChoice', () => {
  test('a platform is OS/ARCH[/VARIANT]', () => {
    const linux = { os: 'linux', architecture: 'amd64' };
    assert.deepEqual(parse('linux/amd64').platform, linux);
    const arm = { os: 'linux', architecture: 'arm', variant: 'v7' };
    assert.deepEqual(parse('linux/arm/v7').platform, arm);
    for (const text of ['', 'linux', 'linux/', '/amd64', 'linux/arm/', 'linux/arm/v7/x', 'a b/c']) {
      assert.throws(() => parse(text), {
        code: 'usage',
        message: `--platform ${JSON.stringify(text)} is not OS/ARCH[/VARIANT]`,
      });
    }
  });

  test('semantics are those of an engine, spelled as it is', () => {
    for (const engine of ['containerd', 'docker', 'podman']) {
      assert.equal(parse(undefined, engine).semantics, engine);
    }
    for (const text of ['', 'Docker', 'crio', 'docker,podman']) {
      assert.throws(() => parse(undefined, text), {
        code: 'usage',
        message: `--semantics ${JSON.stringify(text)} is none of containerd, docker, podman`,
      });
    }
  });

  test('without an image there is nothing to choose', () => {
    assert.throws(() => parse('linux/amd64', undefined, [directory]), { code: 'usage' });
    assert.throws(() => parse(undefined, 'docker', [directory, directory]), { code: 'usage' });
    const nothing = { platform: undefined, semantics: undefined };
    assert.deepEqual(parse(undefined, undefined, [directory]), nothing);
  });
});
