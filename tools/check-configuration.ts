/**
 * For commands that need nothing of the configuration: a wrong one is told all the same.
 *
 * @throws HookError `config`
 */
export async function checkConfiguration(file: string | undefined): Promise<void> {
  if (file === undefined) return;
  const { readConfiguration } = await import('./configuration.ts');
  readConfiguration(file);
}
