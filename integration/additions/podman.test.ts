import { after, before, describe, test } from 'node:test';
import { startHost } from '#integration/host';
import { makeImages } from './images.ts';
import { testLife } from './life.ts';
import { Podman } from './podman.ts';
import { type Bench, runScenario } from './recorded.ts';
import { fresh, tampered } from './scenarios.ts';

describe('podman with runc', () => {
  const stack = new AsyncDisposableStack();
  let bench: Bench;

  before(async () => {
    const host = stack.use(await startHost());
    const images = await makeImages(`${host.directory}/images`);
    const engine = stack.use(new Podman(host, { runtime: 'runc' }));
    await engine.load(images);
    bench = { host, images, engine };
  });
  after(async () => await stack.disposeAsync());

  for (const scenario of fresh.filter(({ only }) => only !== 'docker'))
    test(`adds nothing that is not explained: ${scenario.title}`, async () => {
      await runScenario(bench, scenario);
    });

  for (const scenario of tampered.filter(({ only }) => only !== 'docker'))
    test(`hides nothing: ${scenario.title}`, async () => {
      await runScenario(bench, scenario);
    });

  testLife(() => bench);
});
