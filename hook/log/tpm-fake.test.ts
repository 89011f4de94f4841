import { describeTpm } from './tpm.contract.ts';
import { FakeTpm } from './tpm-fake.ts';

describeTpm('the fake', async () =>
  Promise.resolve({ tpm: new FakeTpm(), [Symbol.asyncDispose]: async () => Promise.resolve() }),
);
