import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseStartTime } from './process-start.ts';

describe('parseStartTime', () => {
  it('counts fields from the end of the name, whatever the name is', () => {
    const rest = `S ${'1 '.repeat(18)}4711 0`;
    for (const name of ['sh', 'a) b (c', ') S 1']) {
      assert.equal(parseStartTime(`1 (${name}) ${rest}`), 4711);
    }
  });

  it('finds none in a text that is no stat', () => {
    for (const stat of [
      '',
      '1 (a) S',
      `1 (a) S ${'1 '.repeat(18)}x 1`,
      `1 (a) S ${'1 '.repeat(18)}`,
    ]) {
      assert.equal(parseStartTime(stat), undefined);
    }
  });
});
