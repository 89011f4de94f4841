/** Random layers against their properties, until something is wrong or the time is over: `node digest/layers/fuzz.ts [--seconds N] [--seed N]`. */
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import {
  asTheKernel,
  type LayersProperty,
  onlyDigestErrors,
  reordered,
  sharedAsAlone,
  squashed,
} from './layer-properties.fixture.ts';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string' } },
});
const seeded = values.seed === undefined ? {} : { seed: Number(values.seed) };
const end = Date.now() + Number(values.seconds) * 1000;
const properties: Readonly<Record<string, LayersProperty>> = {
  onlyDigestErrors,
  reordered,
  sharedAsAlone,
  squashed,
  asTheKernel,
};

const RUNS = 100;
let rounds = 0;
while (Date.now() < end) {
  for (const [name, property] of Object.entries(properties)) {
    const details = fc.check(property, { ...seeded, numRuns: RUNS });
    if (details.failed) {
      process.stderr.write(`${name}: ${fc.defaultReportMessage(details) ?? 'failed'}\n`);
      process.exit(1);
    }
  }
  rounds++;
}
process.stdout.write(`${rounds * RUNS} images for each property, nothing found\n`);
