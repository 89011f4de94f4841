import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { digestOf } from '#integration/digest-of';
import type { ImageFiles } from '#integration/engines/engine';

/**
 * - `bare`: none of what engines would make is there
 * - `furnished`: all of it is, in a second layer, with content, modes and owners of its own
 * - `user`: `bare` with a numeric user that no file knows, a working directory that is missing, and two volumes
 * - `scratch`: a program and nothing else, not even /etc, with a numeric user
 */
export type ImageName = 'bare' | 'furnished' | 'user' | 'scratch';

export interface Image extends ImageFiles {
  /** What `oci-measure digest` says of the layout, never unpacked. */
  readonly digest: string;
  readonly layout: string;
}

const script = fileURLToPath(new URL('./make-images.sh', import.meta.url));

/** Makes the images below a directory, in half a second. */
export async function makeImages(directory: string): Promise<Record<ImageName, Image>> {
  mkdirSync(directory);
  await execa('sh', [script, directory, '/usr/bin/busybox']);
  const image = async (name: ImageName): Promise<Image> => ({
    digest: await digestOf(`oci:${directory}/${name}`),
    layout: `${directory}/${name}`,
    ociArchive: `${directory}/${name}.oci.tar`,
    dockerArchive: `${directory}/${name}.docker.tar`,
  });
  return {
    bare: await image('bare'),
    furnished: await image('furnished'),
    user: await image('user'),
    scratch: await image('scratch'),
  };
}
