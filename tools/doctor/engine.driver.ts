/** engine.driver.ts ENGINE: what doctor finds about one engine of this machine, as JSON. */
import { readConfiguration } from '#tools/configuration';
import { engineSetup } from './engine-setup.ts';
import { checkEngine } from './engines.ts';
import type { Engine } from './finding.ts';

const ENGINES: readonly Engine[] = [
  'podman',
  'buildah',
  'cri-o',
  'containerd',
  'docker',
  'kubernetes',
];

const engine = ENGINES.find((name) => name === process.argv[2]);
if (engine === undefined) throw new Error(`expected one of ${ENGINES.join(', ')}`);
const setup = engineSetup(undefined, readConfiguration(undefined));
process.stdout.write(JSON.stringify(await checkEngine(engine, setup)));
