import { writeSync } from 'node:fs';
import { printableAscii } from '#digest/quoted';
import type { Failure } from './failure.ts';

/**
 * Tells the runtime's user why, in one line: it ends up inside an engine's error message, or a Kubernetes event. The only place that
 * writes to standard error. crun throws it away, which is why there is a hook.log too.
 */
export function reportFailure({ code, message }: Failure, id: string | undefined): void {
  const container = id === undefined ? 'container' : `container ${id}`;
  const line = `oci-measure: ${container} not measured: ${message} [${code}]`;
  try {
    // What came from a container must neither break the line nor steer a terminal.
    writeSync(2, `${printableAscii(line).slice(0, maxLength)}\n`);
  } catch {
    // Nobody is listening; the exit code says it too.
  }
}

const maxLength = 1000;
