/** Installs and removes below a directory, for tests. */

import { installEngine, uninstallEngine } from './carry-out.ts';
import { type EngineOptions } from './engine-plan.ts';
import { findEngine } from './engines.ts';
import { hostAt } from './host.ts';

export interface TreeOrder {
  readonly action: 'install' | 'uninstall';
  readonly engine: string;
  readonly root: string;
  /** What is installed as the executable. */
  readonly program: string;
  readonly dryRun?: boolean;
  readonly options?: Omit<EngineOptions, 'executable'>;
}

/** What it says. @throws ToolError `install` */
export async function carryOut(order: TreeOrder): Promise<string> {
  const { action, engine, root, program, dryRun = false } = order;
  const { options = { config: undefined, timeout: 100 } } = order;
  const installer = await (findEngine(engine) ?? fail(engine))();
  let said = '';
  const common = {
    host: hostAt(root),
    engine,
    installer,
    dryRun,
    restart: false,
    force: false,
    say: (text: string) => {
      said += text;
    },
  };
  const umask = process.umask();
  try {
    await (action === 'install'
      ? installEngine({ ...common, program, options })
      : uninstallEngine(common));
  } finally {
    process.umask(umask);
  }
  return said;
}

function fail(engine: string): never {
  throw new TypeError(`no engine ${engine}`);
}
