import { test } from 'node:test';
import { fuzzReader } from './fuzz.ts';

test('no archive is read in two ways, makes the reader fail, or says other things to GNU tar', () => {
  fuzzReader({ runs: 5000, seconds: 8 });
});
