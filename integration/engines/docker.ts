import { mkdirSync } from 'node:fs';
import { execa } from 'execa';
import type { Host } from '#integration/host';
import { run } from '#integration/runtime';
import { startDaemon } from './daemon.ts';
import { writeDockerSettings } from './docker-settings.ts';
import type { Engine } from './engine.ts';
import { removeDirectory } from './remove-directory.ts';

/** What the image is called in the archives that are loaded here. */
const NAME = 'image:latest';

export interface Docker extends Engine {
  /** Saves the loaded image to a file, in the form that Docker had before it wrote OCI layouts. */
  save(file: string): Promise<void>;
}

export async function startDocker(host: Host): Promise<Docker> {
  const directory = `${host.directory}/docker`;
  mkdirSync(directory);
  writeDockerSettings(directory, host);
  const globals = ['--host', `unix://${directory}/sock`];
  const start = ['dockerd', '--config-file', `${directory}/daemon.json`];
  const daemon = await startDaemon(start, `${directory}/log`, ['docker', ...globals, 'version']);
  return {
    name: 'docker',
    load: async ({ dockerArchive }) => {
      await execa('docker', [...globals, 'load', '--input', dockerArchive]);
    },
    start: async (id) => {
      const options = ['--rm', '--name', id, '--network=none', '--log-driver=none'];
      return await run('docker', [...globals, 'run', ...options, NAME, '/bin/true']);
    },
    save: async (file) => {
      await execa('docker', [...globals, 'save', '--output', file, NAME]);
    },
    async [Symbol.asyncDispose]() {
      await daemon[Symbol.asyncDispose]();
      await removeDirectory(directory);
    },
  };
}
