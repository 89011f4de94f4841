import { after, before, describe, test } from 'node:test';
import { startHost } from '#integration/host';
import { startDocker } from './docker.ts';
import { makeImages } from './images.ts';
import { testLife } from './life.ts';
import { type Bench, runScenario } from './recorded.ts';
import { fresh, tampered } from './scenarios.ts';

describe('Docker', () => {
  const stack = new AsyncDisposableStack();
  let bench: Bench;

  before(async () => {
    const host = stack.use(await startHost());
    const images = await makeImages(`${host.directory}/images`);
    const engine = stack.use(await startDocker(host));
    await engine.load(images);
    bench = { host, images, engine };
  });
  after(async () => await stack.disposeAsync());

  for (const scenario of fresh.filter(({ only }) => only !== 'podman'))
    test(`adds nothing that is not explained: ${scenario.title}`, async () => {
      await runScenario(bench, scenario);
    });

  for (const scenario of tampered.filter(({ only }) => only !== 'podman'))
    test(`hides nothing: ${scenario.title}`, async () => {
      await runScenario(bench, scenario);
    });

  testLife(() => bench);
});
