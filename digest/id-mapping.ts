/** One range of config.json's `linux.uidMappings` or `linux.gidMappings` (runtime-spec, "User namespace mappings"). */
export interface IdMap {
  readonly containerID: number;
  readonly hostID: number;
  readonly size: number;
}

export interface IdMappings {
  readonly uids: readonly IdMap[];
  readonly gids: readonly IdMap[];
}

/** The id inside the container of an id on disk; undefined where no range holds it. */
export function toContainerID(maps: readonly IdMap[], hostID: number): number | undefined {
  for (const map of maps) {
    const offset = hostID - map.hostID;
    if (offset >= 0 && offset < map.size) return map.containerID + offset;
  }
  return undefined;
}
