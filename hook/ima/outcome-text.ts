/** What there is to tell of a start that was shown to the kernel. */
import type { ImaResult } from './confirm.ts';

/** Why the kernel's list does not carry the start; undefined: it does, and PCR 10 was extended by it. */
export function shortcomingOf({ image, container, reason = '' }: ImaResult): string | undefined {
  const isImageListed = image === undefined || image === 'measured' || image === 'already-measured';
  if (isImageListed && container === 'measured') return undefined;
  const outcomes = [`container ${container}`, ...(image === undefined ? [] : [`image ${image}`])];
  return `the kernel's measurement list: ${outcomes.join(', ')}${reason && `: ${reason}`}`;
}

/** What somebody should know of a list all the same; undefined: nothing. */
export function remarkOn({ headless }: ImaResult): string | undefined {
  if (!headless) return undefined;
  return 'its beginning was exported away before this program had read it: what is left does not explain PCR 10';
}
