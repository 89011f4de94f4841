import { execFile } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { mkdtemp, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { asFunction, makeCodeCache, PROGRAM_NAME } from './code-cache.ts';

/**
 * What Node is started with, whatever NODE_OPTIONS says. An OpenSSL configuration can load code, and is named by
 * OPENSSL_CONF or found at a path compiled into Node: an empty one is neither. SIGUSR1 would open a debugger's port.
 */
const NODE_OPTIONS = [
  '--disable-warning=ExperimentalWarning',
  '--openssl-config=/dev/null',
  '--disable-sigusr1',
];

/**
 * Optimised code is worth less here than the processor time it is made in: made beside the program, the digest of a Debian root filesystem
 * takes 275 ms instead of 250 on two cores, where hashing needs both. Maglev's code alone is enough, and the less it inlines the sooner it
 * is there: 5 % less time for an image of 9,000 entries, a quarter more for one of 240,000 (measured). V8's threads for collecting
 * garbage and the rest take 5 ms, too. (Under options of our own V8 does not believe the code cache of Node's own modules, which costs
 * 6 ms; set once Node has started, the same options are of no use. Measured.)
 */
const V8_OPTIONS = [
  '--single-threaded',
  '--max-opt=2',
  '--no-maglev-non-eager-inlining',
  '--v8-pool-size=1',
];

/** Node's own way of loading the program takes no cache but one of its own making. */
const LOADER = `
const { getRawAsset } = require('node:sea');
const { Script } = require('node:vm');
const program = Buffer.from(getRawAsset('program')).latin1Slice();
const cachedData = Buffer.from(getRawAsset('code-cache'));
const script = new Script(program, { filename: '${PROGRAM_NAME}', cachedData });
script.runInThisContext()(exports, require, module, __filename, __dirname);
`;

/**
 * Makes `output`, a copy of the Node that runs this, which runs `code` (CommonJS) and nothing else. The same code
 * gives the same bytes.
 */
export async function makeExecutable(code: string, output: string): Promise<void> {
  const work = await mkdtemp(join(dirname(output), '.build-'));
  const removeWork = (): void => rmSync(work, { recursive: true, force: true });
  process.once('exit', removeWork);
  try {
    await rename(await buildSea(work, code), output);
  } finally {
    removeWork();
    process.off('exit', removeWork);
  }
}

async function buildSea(work: string, code: string): Promise<string> {
  const program = asFunction(code);
  const training = join(work, 'training');
  mkdirSync(training);
  // The cache holds hashes of strings, whose seed comes from this one and is otherwise random. --random-seed is not one of the
  // options that V8 compares, --hash-seed is.
  const options = [...V8_OPTIONS, '--random-seed=1'];
  const configuration = {
    // Relative: the executable carries this name.
    main: 'loader.cjs',
    output: 'oci-measure',
    assets: { program: 'program', 'code-cache': 'code-cache' },
    disableExperimentalSEAWarning: true,
    execArgv: [...NODE_OPTIONS, ...V8_OPTIONS],
    execArgvExtension: 'none',
    useCodeCache: true,
  };
  await writeFile(join(work, 'program'), program, 'latin1');
  await writeFile(join(work, 'code-cache'), await makeCodeCache(training, program, options));
  await writeFile(join(work, configuration.main), LOADER);
  await writeFile(join(work, 'sea.json'), JSON.stringify(configuration));
  await promisify(execFile)(process.execPath, [...options, '--build-sea', 'sea.json'], {
    cwd: work,
    env: {},
  });
  return join(work, configuration.output);
}
