import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { type Finding, notSeen, ok, problem, warning } from './finding.ts';
import { configArgument, type HookEntry } from './hook-entry.ts';
import { whoElseWrites } from './ownership.ts';

const CHECK = 'hook-entry';
const OUR_NAME = 'oci-measure';

/** Variables that libc, OpenSSL and Node read before any of our code runs. */
const STEERING = /^(?:LD_|GLIBC_TUNABLES=|GCONV_PATH=|LOCPATH=|OPENSSL_|SSL_CERT_|NODE_|UV_)/;

/** What an entry is compared with. */
export interface HookSetup {
  /** The configuration that doctor looks at. */
  readonly config: { readonly file: string | undefined; readonly deadline: number | undefined };
  /** The executable that runs doctor. */
  readonly executable: string;
}

/** Whether a hook is this program, by any of its names. */
export function isOurs(entry: HookEntry, executable: string): boolean {
  const names = [entry.path, ...entry.args].map((argument) => basename(argument));
  return names.includes(OUR_NAME) || realPath(entry.path) === realPath(executable);
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** Everything wrong with one entry; one `ok` when nothing is. */
export function checkEntry(entry: HookEntry, setup: HookSetup): readonly Finding[] {
  const findings = [
    checkPath(entry),
    checkOwner(entry.file, entry.file),
    checkArguments(entry),
    checkEnvironment(entry),
    checkStages(entry),
    checkTimeout(entry, setup.config.deadline),
    checkConfig(entry, setup.config.file),
    checkCondition(entry),
  ].filter((finding) => finding !== undefined);
  return findings.length > 0 ? findings : [ok(CHECK, entry.file, 'an entry that starts the hook')];
}

function checkPath(entry: HookEntry): Finding | undefined {
  const expected =
    'an executable of root: without it podman starts containers unmeasured, and others start none';
  try {
    accessSync(entry.path, constants.X_OK);
    if (statSync(entry.path).isFile()) return checkOwner(entry.file, entry.path);
  } catch {
    // Told below.
  }
  const found = `${entry.file}: hook.path ${JSON.stringify(entry.path)} is not there, or no program`;
  return problem(
    CHECK,
    found,
    expected,
    `put ${OUR_NAME} at ${entry.path}: \`oci-measure install\` does so, asked again`,
  );
}

function checkOwner(file: string, path: string): Finding | undefined {
  const expected = 'root alone can change the hook and its entry';
  try {
    const writers = whoElseWrites(path);
    if (writers === undefined) return undefined;
    const mend = `give ${path} and the directories above it to root, mode go-w`;
    return problem(CHECK, `${file}: ${writers}`, expected, mend);
  } catch (error) {
    return notSeen(CHECK, JSON.stringify(path), expected, error);
  }
}

function checkArguments(entry: HookEntry): Finding | undefined {
  const expected = `args ["${OUR_NAME}", "hook", "createRuntime"]`;
  if (entry.args.slice(1).includes('hook')) return undefined;
  const found = `${entry.file}: args ${JSON.stringify(entry.args)}`;
  return problem(CHECK, found, expected, `set ${expected} in ${entry.file}`);
}

function checkEnvironment(entry: HookEntry): Finding | undefined {
  const expected = 'an env that lets nothing reach libc, OpenSSL or Node';
  const mend = `set "env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"] in ${entry.file}`;
  if (entry.env === undefined) {
    const found = `${entry.file}: no env, so the runtime's own environment (LD_PRELOAD, OPENSSL_CONF, NODE_OPTIONS) reaches the hook`;
    return problem(CHECK, found, expected, mend);
  }
  const steering = entry.env.filter((variable) => STEERING.test(variable));
  if (steering.length === 0) return undefined;
  return problem(CHECK, `${entry.file}: env has ${JSON.stringify(steering)}`, expected, mend);
}

function checkStages(entry: HookEntry): Finding | undefined {
  const expected = 'stages ["createRuntime"]';
  const mend = `set "stages": ["createRuntime"] in ${entry.file}`;
  const [createRuntime, prestart] = ['createRuntime', 'prestart'].map((s) =>
    entry.stages.includes(s),
  );
  const found = `${entry.file}: stages ${JSON.stringify(entry.stages)}`;
  if (createRuntime === true && prestart === true) {
    return problem(CHECK, `${found}, so the hook runs twice`, expected, mend);
  }
  if (createRuntime === true || prestart === true) return undefined;
  return problem(CHECK, `${found}, at none of which anything is measured`, expected, mend);
}

function checkTimeout(entry: HookEntry, deadline: number | undefined): Finding | undefined {
  if (deadline === undefined) return undefined;
  const expected = `a timeout above the configured deadline of ${deadline} s`;
  const mend = `set "timeout": ${deadline + 10} in ${entry.file}`;
  if (entry.timeout === undefined) {
    return problem(
      CHECK,
      `${entry.file}: no timeout, so the runtime waits forever`,
      expected,
      mend,
    );
  }
  if (entry.timeout > deadline) return undefined;
  const found = `${entry.file}: timeout ${entry.timeout}, so the runtime kills the hook before it can say why`;
  return problem(CHECK, found, expected, mend);
}

function checkConfig(entry: HookEntry, file: string | undefined): Finding | undefined {
  const own = configArgument(entry.args);
  if (own === file) return undefined;
  const [theirs, ours] = [own, file].map((one) => one ?? 'the default configuration');
  const mend =
    own === undefined ? 'run `oci-measure doctor`' : `run \`oci-measure doctor --config ${own}\``;
  return warning(
    CHECK,
    `${entry.file}: uses ${theirs}, doctor looked at ${ours}`,
    'the same',
    mend,
  );
}

function checkCondition(entry: HookEntry): Finding | undefined {
  if (entry.always) return undefined;
  const mend = `set "when": {"always": true} in ${entry.file}, if every container is meant`;
  return warning(CHECK, `${entry.file}: only for some containers`, 'when.always is true', mend);
}
