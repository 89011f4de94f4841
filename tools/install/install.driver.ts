/** One installation or removal in a process of its own, for tests that kill it. Takes a DriverOrder as JSON; prints what it says. */
import { installEngine, uninstallEngine } from './carry-out.ts';
import { findEngine } from './engines.ts';
import { installFuse } from './fuse.fixture.ts';
import { hostAt } from './host.ts';

export interface DriverOrder {
  readonly action: 'install' | 'uninstall';
  readonly engine: string;
  readonly root: string;
  /** What is installed as the executable. */
  readonly program: string;
  /** Dies by SIGKILL at the step after these. */
  readonly steps?: number;
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by a test
const order = JSON.parse(process.argv[2] ?? '') as DriverOrder;
const { action, engine, root, program, steps } = order;
const installer = await (findEngine(engine) ?? fail)();
const fuse = installFuse(steps ?? Number.POSITIVE_INFINITY);
const common = {
  host: hostAt(root),
  engine,
  installer,
  dryRun: false,
  restart: false,
  force: false,
  say: (text: string) => process.stdout.write(text),
};
process.exitCode =
  action === 'install'
    ? await installEngine({ ...common, program, options: { config: undefined, timeout: 100 } })
    : await uninstallEngine(common);
if (steps !== undefined) console.error(fuse.left());

function fail(): never {
  throw new TypeError(`no engine ${engine}`);
}
