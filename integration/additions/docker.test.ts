import { after, before, describe, test } from 'node:test';
import { startHost } from '#integration/host';
import { type DockerOptions, startDocker } from './docker.ts';
import { makeImages } from './images.ts';
import { testLife } from './life.ts';
import { type Bench, runScenario } from './recorded.ts';
import { fresh, tampered } from './scenarios.ts';

const kinds: Readonly<Record<string, DockerOptions>> = {
  Docker: {},
  'Docker with userns-remap': { remapped: 'daemon' },
};

for (const [title, options] of Object.entries(kinds))
  describe(title, () => {
    const stack = new AsyncDisposableStack();
    let bench: Bench;

    before(async () => {
      const host = stack.use(await startHost());
      const images = await makeImages(`${host.directory}/images`);
      const engine = stack.use(await startDocker(host, options));
      await engine.load(images);
      bench = { host, images, engine };
    });
    after(async () => await stack.disposeAsync());

    for (const scenario of fresh.filter(({ only }) => only !== 'podman'))
      test(`adds nothing that is not explained: ${scenario.title}`, async () => {
        await runScenario(bench, scenario);
      });

    const possible = tampered.filter(({ isOfHost }) => options.remapped === undefined || !isOfHost);
    for (const scenario of possible.filter(({ only }) => only !== 'podman'))
      test(`hides nothing: ${scenario.title}`, async () => {
        await runScenario(bench, scenario);
      });

    testLife(() => bench);
  });
