/** Reads at most 1 MiB of standard input and says what became of it. Argument: milliseconds to wait for the end. */
import { HookError } from '#hook/errors';
import { readStandardInput } from './stdin.ts';

function answer(): object {
  const [timeout] = process.argv.slice(2);
  try {
    const options = timeout === undefined ? {} : { timeoutMs: Number(timeout) };
    return { size: readStandardInput(1024 * 1024, options).length };
  } catch (error) {
    if (!(error instanceof HookError)) throw error;
    return { code: error.code, message: error.message };
  }
}

console.log(JSON.stringify({ ...answer(), peakKiB: process.resourceUsage().maxRSS }));
