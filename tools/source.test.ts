import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseSource } from './source.ts';

describe('parseSource', () => {
  test('what has no scheme is a directory, colons or not', () => {
    assert.deepEqual(parseSource('/srv/a:b'), { kind: 'directory', path: '/srv/a:b' });
    assert.deepEqual(parseSource('bundles'), { kind: 'directory', path: 'bundles' });
    assert.deepEqual(parseSource('ocixyz:a'), { kind: 'directory', path: 'ocixyz:a' });
  });

  test('bundle:DIR is a bundle, and ./bundle:DIR a directory', () => {
    assert.deepEqual(parseSource('bundle:/srv/b'), { kind: 'bundle', path: '/srv/b' });
    assert.deepEqual(parseSource('bundle:a\nb'), { kind: 'bundle', path: 'a\nb' });
    assert.deepEqual(parseSource('./bundle:b'), { kind: 'directory', path: './bundle:b' });
  });

  for (const scheme of ['oci', 'oci-archive', 'docker-archive', 'listing']) {
    test(`${scheme}: is refused as not there yet, with the way to name such a directory`, () => {
      assert.throws(() => parseSource(`${scheme}:x`), {
        name: 'ToolError',
        code: 'usage',
        message: `${scheme}: sources are not there yet: "${scheme}:x"`,
        hint: `a directory of that name is "./${scheme}:x"`,
      });
      assert.deepEqual(parseSource(`./${scheme}:x`), { kind: 'directory', path: `./${scheme}:x` });
    });
  }

  test('nothing is not a source', () => {
    for (const text of ['', 'bundle:', '/a\0b']) {
      assert.throws(() => parseSource(text), { code: 'usage' });
    }
  });
});
