import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { type Recording, recordArchive } from '#digest/tar/recording.fixture';
import { vectors } from './all-vectors.fixture.ts';

const file = new URL('../testdata/answers.json', import.meta.url);
const answers = new Map<string, Recording>(Object.entries(JSON.parse(readFileSync(file, 'utf8'))));

describe("an archive is read as by Go's archive/tar", () => {
  test('answers are there for these vectors and no others', () => {
    assert.deepEqual([...answers.keys()].toSorted(), [...vectors.keys()].toSorted());
  });

  for (const [name, archive] of vectors) {
    test(name, () => {
      const { entries, error } = recordArchive(archive);
      const answer = answers.get(name);
      assert.equal(error !== undefined, answer?.error !== undefined, error ?? 'accepted');
      if (error === undefined) assert.deepEqual(entries, answer?.entries);
    });
  }
});
