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

  test('listing:FILE is a listing, whatever its name', () => {
    assert.deepEqual(parseSource('listing:a:b'), { kind: 'listing', path: 'a:b' });
    assert.deepEqual(parseSource('listing:/dev/stdin'), { kind: 'listing', path: '/dev/stdin' });
  });

  for (const kind of ['oci', 'oci-archive', 'docker-archive'] as const) {
    const image = (path: string, reference?: string) => ({ kind, path, reference });

    test(`${kind}: ends its path at the first colon; the reference may have more of them`, () => {
      assert.deepEqual(parseSource(`${kind}:x`), image('x'));
      assert.deepEqual(parseSource(`${kind}:/srv/x:v1`), image('/srv/x', 'v1'));
      assert.deepEqual(
        parseSource(`${kind}:x:docker.io/library/debian:12`),
        image('x', 'docker.io/library/debian:12'),
      );
      assert.deepEqual(parseSource(`${kind}:.:sha256:00`), image('.', 'sha256:00'));
    });

    test(`${kind}: takes a colon behind a backslash for the path's own, and no other backslash`, () => {
      assert.deepEqual(parseSource(`${kind}:a\\:b\\:c:d`), image('a:b:c', 'd'));
      assert.deepEqual(parseSource(`${kind}:a\\b:c\\:d`), image('a\\b', 'c\\:d'));
      assert.deepEqual(parseSource(`${kind}:a\\`), image('a\\'));
    });

    test(`${kind}: does not hide a directory of such a name`, () => {
      assert.deepEqual(parseSource(`./${kind}:x`), { kind: 'directory', path: `./${kind}:x` });
    });

    test(`${kind}: needs a path, and a reference behind its colon`, () => {
      for (const rest of ['', ':v1', 'x:', 'x\0', 'x:v\0']) {
        assert.throws(() => parseSource(`${kind}:${rest}`), { code: 'usage' }, rest);
      }
    });
  }

  test('nothing is not a source', () => {
    for (const text of ['', 'bundle:', 'listing:', '/a\0b']) {
      assert.throws(() => parseSource(text), { code: 'usage' });
    }
  });
});
