import { cpSync, mkdirSync } from 'node:fs';
import { execa } from 'execa';

/** What {@link archiveForCri} has, once it is imported with this base name. */
export const BASE_NAME = 'localhost/image';
export const IMAGE: string = `${BASE_NAME}:latest`;
/** The same files with a command that does not end: what stands in for a pause image, which no registry is there for. */
export const PAUSE_IMAGE: string = `${BASE_NAME}:pause`;

/**
 * Makes an OCI archive of an image and, beside it, of a sandbox image.
 *
 * @param layout an OCI layout with the reference `latest`
 * @returns the path of the archive, in `directory`
 */
export async function archiveForCri(layout: string, directory: string): Promise<string> {
  const copy = `${directory}/layout`;
  mkdirSync(directory, { recursive: true });
  cpSync(layout, copy, { recursive: true });
  const command = ['--config.cmd', '/bin/sleep', '--config.cmd', 'infinity'];
  await execa('umoci', ['config', '--image', `${copy}:latest`, '--tag', 'pause', ...command]);
  await execa('tar', ['-C', copy, '-cf', `${directory}/image.tar`, '.']);
  return `${directory}/image.tar`;
}
