/** Whether CRI-O's next container calls the hook, as CRI-O itself tells. */
import { HOOKS_DIRECTORY } from '#tools/install/own-places';
import { checkChangedSince } from './changed-since.ts';
import { type CrioConfig, readCrioConfig } from './crio-config.ts';
import { type Daemon, flagOf } from './daemons.ts';
import type { EngineSetup } from './engine-setup.ts';
import { type Finding, ok, problem, warning } from './finding.ts';
import { callsHook, checkHooksDirectories } from './hooks-directories.ts';
import { checkNamespace } from './namespace.ts';
import { checkNri } from './nri.ts';
import { checkOwned, filesIn } from './owned-files.ts';
import { formatMode } from './ownership.ts';
import { findProgram, runProgram, SEARCH_PATH } from './programs.ts';
import { checkRuntime } from './runtimes.ts';

const CHECK = 'engine';
const EXPECTED = 'CRI-O, and the hooks directories that it reads';
const CONFIG = '/etc/crio/crio.conf';
const DROP_INS = '/etc/crio/crio.conf.d';
const USUAL_UMASK = 0o022;

export async function checkCrio(setup: EngineSetup): Promise<readonly Finding[]> {
  const daemon = setup.daemons.find(({ name }) => name === 'crio');
  const path = daemon?.executable ?? findProgram('crio', setup.programs);
  if (path === undefined) return [];
  const [answer, version] = await Promise.all([ask(path, daemon), runProgram(path, ['--version'])]);
  if (answer.config === undefined) {
    return [problem(CHECK, `${path}: ${answer.failure}`, EXPECTED, 'mend what crio says')];
  }
  const { config } = answer;
  const directories = config.hooksDirectories ?? [HOOKS_DIRECTORY];
  const hooks = checkHooksDirectories({
    ...setup,
    directories,
    mend: 'oci-measure install crio',
  });
  const shown = `${path} ${/\d+\.\d+\.\d+\S*/.exec(version.stdout)?.[0] ?? 'of unknown version'}`;
  return [
    ok(CHECK, `${shown}, ${answer.source}, reads ${directories.join(' and ')}`, EXPECTED),
    ...hooks,
    ...(await checkHandlers(config, setup)),
    ...checkOwned([path, CONFIG, ...filesIn(DROP_INS)]),
    ...checkTimeout(config, setup.config.deadline),
    ...checkNri(config.nri, setup, callsHook(hooks)),
    ...(daemon === undefined ? [] : checkDaemon(daemon, setup)),
  ];
}

interface Answer {
  readonly config?: CrioConfig;
  readonly source: string;
  readonly failure: string;
}

/** What runs tells what is in force; one that does not tells what would be. */
async function ask(path: string, daemon: Daemon | undefined): Promise<Answer> {
  const running = ['status', 'config'];
  const files = daemon === undefined ? [] : configFlags(daemon);
  const ways = daemon === undefined ? [['config']] : [running, [...files, 'config']];
  let failure = '';
  for (const args of ways) {
    const output = await runProgram(path, args);
    const asked = `asked by ${args.join(' ')}`;
    const source = daemon === undefined ? 'not running' : asked;
    if (output.exitCode === 0) {
      try {
        return { config: readCrioConfig(output.stdout), source, failure };
      } catch (error) {
        failure = `${args.join(' ')}: ${error instanceof Error ? error.message : String(error)}`;
        continue;
      }
    }
    failure = `${args.join(' ')}: ${output.stderr.trim().split('\n').at(-1) ?? output.failure}`;
  }
  return { source: '', failure };
}

function configFlags({ args }: Daemon): readonly string[] {
  const [file, directory] = [flagOf(args, 'config', 'c'), flagOf(args, 'config-dir', 'd')];
  return [
    ...(file === undefined ? [] : ['--config', file]),
    ...(directory === undefined ? [] : ['--config-dir', directory]),
  ];
}

async function checkHandlers(config: CrioConfig, setup: EngineSetup): Promise<readonly Finding[]> {
  const findings = config.handlers.map(async ({ name, path, type }) => {
    if (type === 'vm') return virtualMachine(name);
    const found = path === '' ? findProgram(name, [...setup.programs, ...SEARCH_PATH]) : path;
    return found === undefined ? noRuntime(name) : await checkRuntime(found, name);
  });
  return await Promise.all(findings);
}

function virtualMachine(name: string): Finding {
  const found = `${name}: a virtual machine, whose container is made inside it`;
  const mend = 'measure inside the virtual machine';
  return warning('runtime-handler', found, 'a runtime that makes containers here', mend);
}

function noRuntime(name: string): Finding {
  const found = `${name}: not installed`;
  return warning('runtime-handler', found, 'a runtime for every handler', `install ${name}`);
}

/** CRI-O's own limit for making a container, within which the hook has to be done. */
function checkTimeout(
  { createTimeout }: CrioConfig,
  deadline: number | undefined,
): readonly Finding[] {
  if (createTimeout === undefined || deadline === undefined || createTimeout > deadline) return [];
  const found = `container_create_timeout is ${createTimeout} s`;
  const expected = `more than the configured deadline of ${deadline} s`;
  return [warning('timeout', found, expected, `set container_create_timeout = ${deadline + 30}`)];
}

function checkDaemon(daemon: Daemon, setup: EngineSetup): readonly Finding[] {
  const file = flagOf(daemon.args, 'config', 'c') ?? CONFIG;
  const directory = flagOf(daemon.args, 'config-dir', 'd') ?? DROP_INS;
  return [
    ...checkChangedSince(daemon, [file, ...filesIn(directory)], 'crio.service'),
    ...checkUmask(daemon),
    ...checkNamespace(daemon, setup),
  ];
}

/** A directory that no layer lists gets its mode by the umask of whoever unpacks the image. */
function checkUmask({ umask, pid }: Daemon): readonly Finding[] {
  if (umask === undefined || umask === USUAL_UMASK) return [];
  const found = `crio (pid ${pid}) has the umask ${formatMode(umask)}: images that it pulls may have other digests`;
  return [warning('umask', found, 'umask 0022', 'set UMask=0022 in crio.service')];
}
