import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { execa } from 'execa';
import { asNobody } from '#digest/nobody.fixture';

const TIME_LIMIT_MS = 30_000;
// Not below /tmp, which is world-writable and therefore not believed by what is tested.
const TEST_DIRECTORY = '/var/lib/oci-measure-test';

/** The command line as it runs from source. */
export const mainFile: string = fileURLToPath(new URL('main.ts', import.meta.url));

export const nodeOptions: readonly string[] = ['--disable-warning=ExperimentalWarning'];

export interface Run {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly input?: string;
  /** As a user without any rights. */
  readonly asNobody?: boolean;
  /** Where no runtime has a container on file: the machine may have others. */
  readonly withoutContainers?: boolean;
}

const WITHOUT_CONTAINERS = `
  for directory in runc crun youki containerd docker k3s; do
    if [ -d /run/$directory ]; then mount -t tmpfs tmpfs /run/$directory; fi
  done
  exec "$@"`;

/** Runs the program as a process of its own, without a terminal. */
export async function run(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  const { input = '', asNobody: isNobody = false, withoutContainers = false, ...rest } = options;
  const words = [process.execPath, ...nodeOptions, mainFile, ...args];
  const user = isNobody ? asNobody(words) : words;
  const hidden = ['unshare', '--mount', 'sh', '-ec', WITHOUT_CONTAINERS, 'sh', ...user];
  const { exitCode, stdout, stderr } = await execa('env', withoutContainers ? hidden : user, {
    ...rest,
    // Stripping types anew takes each process a third of a second.
    env: { NODE_COMPILE_CACHE: join(TEST_DIRECTORY, 'compile-cache'), ...rest.env },
    input,
    reject: false,
    stripFinalNewline: false,
    timeout: TIME_LIMIT_MS,
  });
  return { exitCode, stdout, stderr };
}

/** Runs the program on a terminal, which shows standard output and error alike. */
export async function runOnTerminal(args: readonly string[], env = {}): Promise<string> {
  const words = [process.execPath, ...nodeOptions, mainFile, ...args];
  const command = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  const { stdout } = await execa('script', ['-qec', command, '/dev/null'], {
    env,
    reject: false,
    stdin: 'ignore',
    timeout: TIME_LIMIT_MS,
  });
  return stdout;
}

/** Output of `--json`, which must be what docs/schema/NAME.json says. */
export function parseOutput(name: string, text: string): unknown {
  const schema: object = JSON.parse(
    readFileSync(new URL(`../docs/schema/${name}.json`, import.meta.url), 'utf8'),
  );
  // `format` is for readers of the schema; ajv knows formats by a plug-in alone.
  const validate = new Ajv({ strict: true, formats: { 'date-time': true } }).compile(schema);
  const output: unknown = JSON.parse(text);
  assert.ok(validate(output), JSON.stringify(validate.errors));
  return output;
}

/** An empty directory of this test alone. */
export function makeTestDirectory(name: string): string {
  mkdirSync(TEST_DIRECTORY, { recursive: true, mode: 0o755 });
  return mkdtempSync(join(TEST_DIRECTORY, `${name}-`));
}
