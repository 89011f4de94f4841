import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  asTheKernel,
  onlyDigestErrors,
  reordered,
  sharedAsAlone,
  squashed,
} from './layer-properties.fixture.ts';

describe('random layers', () => {
  test('give a tree or an error of ours', () => {
    fc.assert(onlyDigestErrors, { numRuns: 300 });
  });

  test('are the same for an engine alone as where they are unpacked once for all', () => {
    fc.assert(sharedAsAlone, { numRuns: 500 });
  });

  test('have the digest that they have squashed to one layer', () => {
    fc.assert(squashed, { numRuns: 500 });
  });

  test('are the same in another order of what has nothing to do with each other', () => {
    fc.assert(reordered, { numRuns: 500 });
  });

  test('show what the kernel shows when it unpacks and merges them', () => {
    fc.assert(asTheKernel, { numRuns: 150 });
  });
});
