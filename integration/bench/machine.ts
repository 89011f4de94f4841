import { cpus, release } from 'node:os';

/** One line that says what the numbers were measured on. */
export function describeMachine(): string {
  const processors = cpus();
  const model = processors[0]?.model.trim() ?? 'unknown processor';
  return `${processors.length} × ${model}, Linux ${release()}, Node ${process.versions.node}, hot page cache; medians.`;
}
