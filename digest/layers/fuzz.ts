import { parseArgs } from 'node:util';
import fc from 'fast-check';
import {
  asTheKernel,
  type LayersProperty,
  onlyDigestErrors,
  sharedAsAlone,
  squashed,
} from './layer-properties.fixture.ts';

// Random layers for as long as is asked: node digest/layers/fuzz.ts --seconds 600. What it finds becomes a test of its own.

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' } } });
const end = Date.now() + Number(values.seconds) * 1000;
const properties: Readonly<Record<string, LayersProperty>> = {
  onlyDigestErrors,
  sharedAsAlone,
  squashed,
  asTheKernel,
};

const RUNS = 100;
let rounds = 0;
while (Date.now() < end) {
  for (const [name, property] of Object.entries(properties)) {
    const details = fc.check(property, { numRuns: RUNS });
    if (details.failed) {
      process.stderr.write(`${name}: ${fc.defaultReportMessage(details) ?? 'failed'}\n`);
      process.exit(1);
    }
  }
  rounds++;
}
process.stdout.write(`${rounds * RUNS} images for each property, nothing found\n`);
