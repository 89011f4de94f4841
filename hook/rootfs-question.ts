import { join } from 'node:path';
import type { IdMappings } from '#digest/id-mapping';
import type { Bundle } from '#hook/input/bundle';
import { readHostPasswd } from '#hook/input/host-passwd';
import { makeOwnDirectory, openStateDirectory } from '#hook/log/state-directory';
import type { RootfsQuestion } from '#hook/rootfs/measure-rootfs';
import type { Surroundings } from './surroundings.ts';

/** What of config.json decides how the root filesystem is read. */
export function rootfsQuestion(
  { spec, rootfs }: Bundle,
  { config, deadline }: Surroundings,
): RootfsQuestion {
  const { uid = 0, gid = 0 } = spec.process?.user ?? {};
  const idMappings = idMappingsOf(spec);
  return {
    rootfs,
    mountDestinations: (spec.mounts ?? []).map(({ destination }) => destination),
    ...(idMappings === undefined ? {} : { idMappings }),
    user: { uid, gid },
    cwd: spec.process?.cwd ?? '/',
    readHostPasswd: () => readHostPasswd(),
    emptyDirectory: makeEmptyDirectory(config.state),
    interrupt: deadline.check,
  };
}

function idMappingsOf({ linux }: Bundle['spec']): IdMappings | undefined {
  const uids = linux?.uidMappings ?? [];
  const gids = linux?.gidMappings ?? [];
  return uids.length === 0 && gids.length === 0 ? undefined : { uids, gids };
}

/** The second lower directory of a kernel overlay over a single one. */
function makeEmptyDirectory(state: string): string {
  const { directory } = openStateDirectory(state);
  const path = join(directory, 'empty');
  makeOwnDirectory(path);
  return path;
}
