import { isAbsolute, resolve } from 'node:path';
import { isSea } from 'node:sea';
import { HookError } from '#hook/errors';
import { type Config, defaultConfigPath, loadConfigAt } from '#hook/input/config';
import { formatFindings } from '#tools/doctor/findings';
import { installEngine, uninstallEngine } from '#tools/install/carry-out';
import type { EngineInstaller } from '#tools/install/engine-plan';
import { findEngine, KNOWN_ENGINES } from '#tools/install/engines';
import { type Host, hostAt } from '#tools/install/host';
import type { Order } from '#tools/install/order';
import { checkConfiguration } from './check-configuration.ts';
import { readConfiguration } from './configuration.ts';
import { ToolError } from './errors.ts';
import { writeOut } from './output.ts';
import { openTpm } from './tpm.ts';

export interface UninstallCommand {
  readonly engine: string;
  readonly dryRun: boolean;
  readonly config: string | undefined;
  /** The file tree of another machine. */
  readonly root: string | undefined;
  readonly restart: boolean;
  readonly force: boolean;
}

export interface InstallCommand extends UninstallCommand {
  readonly partition: string | undefined;
  readonly load: boolean;
  /** Docker: a device for single containers, and nothing for the others. */
  readonly cdi: boolean;
}

/** How much longer than the hook itself a runtime waits for it. */
const SECONDS_MORE = 10;
const IMA = 'ima';
const DOCKER = 'docker';

/** @throws ToolError `usage`, `install`; HookError `config`, `ima`, `tpm` */
export async function install(command: InstallCommand): Promise<number> {
  const { engine, config, partition, load, cdi, dryRun } = command;
  checkOptions(command);
  if (cdi && engine !== DOCKER) throw new ToolError('usage', '--cdi is of `install docker`');
  if (engine !== IMA && (partition !== undefined || load)) {
    throw new ToolError('usage', '--partition and --load are of `install ima`');
  }
  requireRoot();
  if (engine === IMA) {
    const tpm = openTpm(readConfiguration(config));
    const { installIma } = await import('#tools/install/ima/install-ima');
    return await installIma({ dryRun, partition, load, tpm, say: writeOut });
  }
  const order = await orderOf(command, cdi ? loadCdi : findEngine(engine));
  const { deadline } = configurationOf(order.host, config);
  const hasToBeReady = order.host.isThisMachine && !command.force;
  if (hasToBeReady && !dryRun) await requireReadiness(config);
  const options = { config: fileOnHost(order.host, config), timeout: deadline + SECONDS_MORE };
  const exitCode = await installEngine({ ...order, options, program: ownProgram() });
  // What would be done is worth seeing all the same.
  if (hasToBeReady && dryRun) await requireReadiness(config);
  return exitCode;
}

/** @throws ToolError `usage`, `install`; HookError `config` */
export async function uninstall(command: UninstallCommand): Promise<number> {
  const { engine, config, root, dryRun } = command;
  checkOptions(command);
  if (root === undefined) await checkConfiguration(config);
  requireRoot();
  if (engine !== IMA) return await uninstallEngine(await orderOf(command, findEngine(engine)));
  const { uninstallIma } = await import('#tools/install/ima/uninstall-ima');
  return await uninstallIma({ dryRun, isRequired: isImaRequired(config), say: writeOut });
}

/** With a configuration that cannot be read no container starts anyway. */
function isImaRequired(config: string | undefined): boolean {
  try {
    return readConfiguration(config).ima.mode === 'require';
  } catch (error) {
    if (error instanceof HookError) return false;
    throw error;
  }
}

/** @throws ToolError `usage` */
function checkOptions({ engine, root, restart, force }: UninstallCommand): void {
  if (engine !== IMA && findEngine(engine) === undefined) {
    throw new ToolError('usage', `unknown engine ${JSON.stringify(engine)}`, {
      hint: `known: ${[IMA, ...KNOWN_ENGINES].join(', ')}`,
    });
  }
  if (engine === IMA && (root !== undefined || restart || force)) {
    throw new ToolError('usage', '--root, --restart and --force are of container engines');
  }
  if (root !== undefined && restart) {
    throw new ToolError('usage', 'nothing runs below --root that --restart could restart');
  }
}

async function loadCdi(): Promise<EngineInstaller> {
  return (await import('#tools/install/docker/cdi')).cdi;
}

async function orderOf(
  { engine, root, ...options }: UninstallCommand,
  load: (() => Promise<EngineInstaller>) | undefined,
): Promise<Order> {
  if (load === undefined) throw new TypeError(`no engine ${engine}`);
  return { ...options, engine, host: hostAt(root), installer: await load(), say: writeOut };
}

/** Of the host; it is read here to be told of what is wrong with it now, and for its deadline. */
function configurationOf(host: Host, file: string | undefined): Config {
  if (host.isThisMachine) return readConfiguration(file);
  return loadConfigAt(host.at(fileOnHost(host, file) ?? defaultConfigPath), file !== undefined);
}

/** @throws ToolError `usage` for a path that says nothing on another machine */
function fileOnHost(host: Host, file: string | undefined): string | undefined {
  if (file === undefined || isAbsolute(file)) return file;
  if (host.isThisMachine) return resolve(file);
  throw new ToolError('usage', `with --root, --config takes an absolute path of that machine`);
}

/** @throws ToolError `install` */
async function requireReadiness(config: string | undefined): Promise<void> {
  const { nextContainerProblems } = await import('#tools/doctor/next-container');
  const problems = await nextContainerProblems(config);
  if (problems.length === 0) return;
  throw new ToolError('install', 'with the hook installed, the next container would not start', {
    details: formatFindings(problems).trimEnd().split('\n'),
    hint: 'mend that first (`oci-measure doctor`), or install with --force',
  });
}

/** @throws ToolError `install` */
function ownProgram(): string {
  if (isSea()) return process.execPath;
  throw new ToolError('install', 'expected one executable to install, found sources', {
    hint: 'run dist/oci-measure, made by `npm run build`',
  });
}

/** To look, too: much of what decides what is to be done is told to root alone. */
function requireRoot(): void {
  const user = process.geteuid?.();
  if (user === 0) return;
  throw new ToolError('install', `expected to be run by root, found user ${user}`);
}
