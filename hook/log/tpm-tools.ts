/** The TPM by tpm2-tools. Nothing of the caller's environment reaches them: neither PATH nor a TCTI. */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { printableAscii } from '#digest/quoted';
import { HookError } from '#hook/errors';
import type { BankName } from './bank.ts';
import type { PcrValues, Tpm } from './tpm.ts';
import { parseActiveBanks, parsePcrValues } from './tpm2-output.ts';

const systemDirectories = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'];
/** All that these commands print in earnest is far below. */
const MAX_OUTPUT_BYTES = 65_536;
const KILLED = 128 + 9;

export interface TpmToolsOptions {
  /** Always given to the tools: without one they fall back to whatever listens on a local port. */
  readonly tcti: string;
  /** For one command. It ends then even if the hook was killed before. */
  readonly timeoutSeconds: number;
  /** The lock, which every command holds as long as it runs. Left out only where nothing is extended. */
  readonly lockFd?: number;
  /** Where the programs are looked for, in this order. */
  readonly directories?: readonly string[];
}

/** @throws HookError 'config' without a TCTI or with a time limit that is none */
export function createTpmTools(options: TpmToolsOptions): Tpm {
  const { tcti, timeoutSeconds } = options;
  if (tcti === '' || tcti.includes('\0')) {
    throw new HookError('config', `tpm.tcti: expected a TCTI, found ${JSON.stringify(tcti)}`);
  }
  if (!(timeoutSeconds > 0) || !Number.isFinite(timeoutSeconds)) {
    throw new HookError('config', `tpm.timeout: expected seconds, found ${timeoutSeconds}`);
  }
  return new TpmTools(options);
}

class TpmTools implements Tpm {
  readonly #options: TpmToolsOptions;
  readonly #banks = new Map<number, readonly BankName[]>();

  constructor(options: TpmToolsOptions) {
    this.#options = options;
  }

  async readPcr(pcr: number): Promise<PcrValues> {
    const banks = await this.#activeBanks(pcr);
    const selection = banks.map((bank) => `${bank}:${pcr}`).join('+');
    return parsePcrValues(await runTool(this.#options, 'tpm2_pcrread', selection), pcr, banks);
  }

  async extendPcr(pcr: number, digests: PcrValues): Promise<void> {
    const list = [...digests].map(([bank, digest]) => `${bank}=${digest.toHex()}`).join(',');
    await runTool(this.#options, 'tpm2_pcrextend', `${pcr}:${list}`);
  }

  /** Banks are switched on and off by a restart of the TPM alone: asked once. */
  async #activeBanks(pcr: number): Promise<readonly BankName[]> {
    const known = this.#banks.get(pcr);
    if (known !== undefined) return known;
    const banks = parseActiveBanks(await runTool(this.#options, 'tpm2_getcap', 'pcrs'), pcr);
    this.#banks.set(pcr, banks);
    return banks;
  }
}

/**
 * Runs one tool and returns what it prints.
 * @throws HookError 'tpm': the tool is missing, fails, is too late or prints too much
 */
async function runTool(options: TpmToolsOptions, tool: string, argument: string): Promise<string> {
  const { tcti, timeoutSeconds, lockFd, directories = systemDirectories } = options;
  const program = findProgram(tool, directories, 'tpm2-tools');
  // The limit must hold when this process is gone too.
  const timeout = findProgram('timeout', systemDirectories, 'coreutils');
  const limit = ['--signal=KILL', String(timeoutSeconds)];
  // Costs 60 ms to load.
  const { execa } = await import('execa');
  const result = await execa(timeout, [...limit, program, `--tcti=${tcti}`, argument], {
    cwd: '/',
    env: { PATH: systemDirectories.join(':'), LC_ALL: 'C', TSS2_LOG: 'all+error' },
    extendEnv: false,
    reject: false,
    stripFinalNewline: false,
    maxBuffer: MAX_OUTPUT_BYTES,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- execa takes any descriptor, its types only 3 to 9
    stdio: ['ignore', 'pipe', 'pipe', (lockFd ?? 'ignore') as 3],
  });
  if (!result.failed) return result.stdout;
  throw new HookError(
    'tpm',
    `${tool} (TCTI ${JSON.stringify(tcti)}): ${whyFailed(result, options)}`,
    {
      cause: result,
    },
  );
}

function findProgram(name: string, directories: readonly string[], from: string): string {
  for (const directory of directories) {
    const path = join(directory, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // The next directory may have it.
    }
  }
  throw new HookError('tpm', `${name} is not in ${directories.join(', ')}: install ${from}`);
}

interface ToolResult {
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  readonly isMaxBuffer: boolean;
  readonly stderr: string;
}

function whyFailed(result: ToolResult, { timeoutSeconds }: TpmToolsOptions): string {
  const { exitCode, signal, stderr } = result;
  if (result.isMaxBuffer) return `printed more than ${MAX_OUTPUT_BYTES} bytes`;
  if (signal === 'SIGKILL' || exitCode === KILLED) return `no answer within ${timeoutSeconds} s`;
  const lines = stderr.split('\n').map((line) => line.replace(/^ERROR:\s*/, '').trim());
  const said = lines.find((line) => line !== '' && !line.startsWith('WARN'));
  const ended = signal === undefined ? `exit code ${exitCode ?? '?'}` : signal;
  return said === undefined ? ended : `${printableAscii(said).slice(0, 300)} (${ended})`;
}
