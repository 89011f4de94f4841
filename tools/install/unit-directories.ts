/** Where systemd looks for units of the system, the first wins: systemd.unit(5), "Unit File Load Path". */
export const UNIT_DIRECTORIES: readonly string[] = [
  '/etc/systemd/system',
  '/run/systemd/system',
  '/usr/local/lib/systemd/system',
  '/usr/lib/systemd/system',
  '/lib/systemd/system',
];

/**
 * Where the drop-ins of a unit are, in the order in which systemd reads them: a name in an earlier directory masks the same in a later one.
 *
 * @param namesIn what is in a directory of the host; nothing where there is none
 */
export function dropInsOf(
  unit: string,
  namesIn: (directory: string) => readonly string[],
): readonly string[] {
  const byName = new Map<string, string>();
  for (const directory of UNIT_DIRECTORIES.toReversed()) {
    const place = `${directory}/${unit}.d`;
    for (const name of namesIn(place)) {
      if (name.endsWith('.conf')) byName.set(name, `${place}/${name}`);
    }
  }
  return [...byName].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, path]) => path);
}
