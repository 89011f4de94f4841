import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ImaOutcome, ImaResult } from './confirm.ts';
import { remarkOn, shortcomingOf } from './outcome-text.ts';

const good: ImaResult = { image: 'measured', container: 'measured', headless: false };
const bad: readonly ImaOutcome[] = ['not-covered', 'not-in-pcr', 'no-ima'];

describe('what is told of a start in the list', () => {
  it('is nothing where all of it is there, an image from before or none included', () => {
    for (const image of ['measured', 'already-measured', undefined] as const) {
      assert.equal(shortcomingOf({ ...good, image }), undefined);
      assert.equal(remarkOn({ ...good, image }), undefined);
    }
  });

  it('is each outcome by its name, and why, where either is not there', () => {
    for (const outcome of bad) {
      const image = shortcomingOf({ ...good, image: outcome, reason: 'why' });
      assert.match(image ?? '', RegExp(`: container measured, image ${outcome}: why$`));
      const container = shortcomingOf({ ...good, container: outcome });
      assert.match(container ?? '', RegExp(`: container ${outcome}, image measured$`));
    }
    // A container record is new at each start.
    assert.ok(shortcomingOf({ ...good, container: 'already-measured' }));
  });

  it('is that its beginning is gone, though the start is in it', () => {
    assert.equal(shortcomingOf({ ...good, headless: true }), undefined);
    assert.match(remarkOn({ ...good, headless: true }) ?? '', /beginning was exported away/);
  });
});
