import { checkConfiguration } from './check-configuration.ts';
import { readConfiguration } from './configuration.ts';
import { ToolError } from './errors.ts';
import { writeOut } from './output.ts';
import { openTpm } from './tpm.ts';

export interface UninstallCommand {
  readonly engine: string;
  readonly dryRun: boolean;
  readonly config: string | undefined;
}

export interface InstallCommand extends UninstallCommand {
  readonly partition: string | undefined;
  readonly load: boolean;
}

/** What can be installed. */
interface Engine {
  install(command: InstallCommand): Promise<number>;
  uninstall(command: UninstallCommand): Promise<number>;
}

const ENGINES: ReadonlyMap<string, Engine> = new Map([
  [
    'ima',
    {
      install: async ({ config, ...options }) => {
        const tpm = openTpm(readConfiguration(config));
        const { installIma } = await import('#tools/install/ima/install-ima');
        return await installIma({ ...options, tpm, say: writeOut });
      },
      uninstall: async (options) => {
        const { uninstallIma } = await import('#tools/install/ima/uninstall-ima');
        return await uninstallIma({ ...options, say: writeOut });
      },
    },
  ],
]);

/** @throws ToolError `usage`, `install`; HookError `config`, `ima`, `tpm` */
export async function install(command: InstallCommand): Promise<number> {
  const engine = findEngine(command);
  requireRoot();
  return await engine.install(command);
}

/** @throws ToolError `usage`, `install`; HookError `config` */
export async function uninstall(command: UninstallCommand): Promise<number> {
  const engine = findEngine(command);
  await checkConfiguration(command.config);
  requireRoot();
  return await engine.uninstall(command);
}

function findEngine({ engine }: UninstallCommand): Engine {
  const found = ENGINES.get(engine);
  if (found !== undefined) return found;
  const known = [...ENGINES.keys()].join(', ');
  throw new ToolError('usage', `unknown engine ${JSON.stringify(engine)}`, {
    hint: `known: ${known}`,
  });
}

/** To look, too: much of what decides what is to be done is told to root alone. */
function requireRoot(): void {
  const user = process.geteuid?.();
  if (user === 0) return;
  throw new ToolError('install', `expected to be run by root, found user ${user}`);
}
