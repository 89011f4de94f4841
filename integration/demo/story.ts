import { readFileSync } from 'node:fs';
import type { Swtpm } from '#integration/swtpm';
import { hookEntry, makeBundle } from './container.ts';
import { changeOneByte, splitIntoLayers } from './image.ts';
import type { Shell } from './shell.ts';
import { heading, say, sayAnswer, showOutput, title } from './terminal.ts';

export interface Scene {
  readonly directory: string;
  /** A Debian root filesystem: one directory, no layers. */
  readonly debian: string;
  readonly tpm: Swtpm;
  readonly shell: Shell;
  /** Mounts and processes to get rid of. */
  readonly leftovers: AsyncDisposableStack;
}

export async function tellStory(scene: Scene): Promise<void> {
  title(
    'Which image does this container run?',
    'oci-measure is a hook. While runc starts a container, it measures the container’s image into a TPM,',
    `where nobody can take it back. All of this happens in ${scene.directory} and is gone afterwards.`,
  );
  await showTpm(scene);
  await showImage(scene);
  await startContainer(scene);
  const measured = await showTraces(scene);
  await measureWithoutLayers(scene, measured);
  await changeImage(scene, measured);
  await takeTpmAway(scene);
  title(
    'That was it.',
    'README.md: the hook under your own containers, and what it does not prove.',
    '',
  );
}

async function showTpm({ shell }: Scene): Promise<void> {
  heading('A TPM');
  say(
    `A TPM has registers, called PCRs, that nobody can set. They can only be extended: the new value is the hash of
    the old value and a measurement. This TPM is a software one, and its PCR 13 is still empty.`,
  );
  await shell.run('tpm2_pcrread sha256:13');
}

async function showImage({ directory, debian, shell }: Scene): Promise<void> {
  heading('An image, and a hook');
  await splitIntoLayers(debian, directory);
  say(
    `The image is a small Debian, in two layers as engines store it. The second layer replaces a file of the first
    and deletes another.`,
  );
  await shell.run('du -sh layer-1 layer-2');
  say(
    `The container’s config.json names the hook. runc calls it when the image is mounted and nothing runs yet.`,
  );
  showOutput(`"createRuntime": [${JSON.stringify(hookEntry(directory), null, 2)}]`);
}

async function startContainer({ directory, shell, leftovers }: Scene): Promise<void> {
  heading('A container');
  leftovers.use(await makeBundle(directory, 'hello', ['layer-2', 'layer-1']));
  const start = performance.now();
  await shell.run('runc --root runc run --bundle hello hello');
  const seconds = (performance.now() - start) / 1000;
  sayAnswer(
    `The container has spoken. All of this took ${seconds.toFixed(1)} seconds, the hook included.`,
  );
}

/** @returns the rootfs digest that was measured */
async function showTraces({ directory, shell }: Scene): Promise<string> {
  heading('What the hook left behind');
  say('PCR 13 has been extended.');
  await shell.run('tpm2_pcrread sha256:13');
  say('The measurement log says with what. Replayed, it has to come to the value in the TPM.');
  await shell.run('oci-measure log --config config.toml');
  say('This is the record of the container: what is hashed and extended, word for word.');
  showOutput(lastRecord(directory));
  say('The container map says which container was which measurement.');
  const map = await shell.run('oci-measure containers --config config.toml');
  return digestIn(map);
}

async function measureWithoutLayers({ debian, shell }: Scene, measured: string): Promise<void> {
  heading('The same files without layers');
  say(
    `A rootfs digest is a digest of files, not of layers: the same Debian in one plain directory has the same one.
    This is how you learn which digest to expect.`,
  );
  const digest = digestIn(await shell.run(`oci-measure digest ${debian}`));
  sayWhether(digest === measured, 'The same digest as in the container map.');
  say('It is the SHA-256 of a listing that you can read, and check with mtree(8).');
  await shell.run(`oci-measure digest ${debian} --listing | sed -n '1,2p;/hostname/,+2p'`);
  await shell.run(`oci-measure digest ${debian} --listing | sha256sum`);
}

async function changeImage(scene: Scene, measured: string): Promise<void> {
  const { directory, debian, shell, leftovers } = scene;
  heading('One changed byte');
  changeOneByte(`${debian}/usr/bin/cat`, `${directory}/layer-3/usr/bin/cat`);
  say(
    'Somebody puts a third layer on the image. It holds one program, /usr/bin/cat, with one byte changed.',
  );
  leftovers.use(await makeBundle(directory, 'changed', ['layer-3', 'layer-2', 'layer-1']));
  await shell.run('runc --root runc run --bundle changed changed');
  say('It says the same, but it is another image, and PCR 13 cannot be taken back.');
  const digest = digestIn(await shell.run('oci-measure containers changed --config config.toml'));
  sayWhether(digest !== measured, 'Another digest.');
  say('The listings tell what changed.');
  await shell.quietly(`oci-measure digest ${debian} --listing > debian.listing`);
  await shell.quietly('oci-measure digest changed/rootfs --listing > changed.listing');
  await shell.runRefused('diff debian.listing changed.listing');
}

async function takeTpmAway({ directory, tpm, shell, leftovers }: Scene): Promise<void> {
  heading('No measurement, no container');
  await tpm[Symbol.asyncDispose]();
  say('Now the TPM is gone. A container that cannot be measured does not start.');
  leftovers.use(await makeBundle(directory, 'unmeasured', ['layer-2', 'layer-1']));
  await shell.runRefused('runc --root runc run --bundle unmeasured unmeasured');
}

/** The string that the last record's digests are digests of, laid out. */
function lastRecord(directory: string): string {
  const text = readFileSync(`${directory}/state/measurements.cel`, 'utf8');
  const record = JSON.parse(text.slice(text.lastIndexOf('\x1e') + 1));
  return JSON.stringify(JSON.parse(record.content.string), null, 2);
}

function sayWhether(holds: boolean, claim: string): void {
  if (!holds) throw new Error(`this does not hold: ${claim}`);
  sayAnswer(claim);
}

function digestIn(output: string): string {
  const [digest] = /sha256:[0-9a-f]{64}/.exec(output) ?? [];
  if (digest === undefined) throw new Error(`expected a digest, found\n${output}`);
  return digest;
}
