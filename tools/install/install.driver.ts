/** One installation or removal in a process of its own, for tests that kill it. Takes a DriverOrder as JSON; prints what it says. */
import { carryOut, type TreeOrder } from './driven.fixture.ts';
import { installFuse } from './fuse.fixture.ts';

export interface DriverOrder extends TreeOrder {
  /** Dies by SIGKILL at the step after these. */
  readonly steps: number;
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by kill.test.ts
const order = JSON.parse(process.argv[2] ?? '') as DriverOrder;
// Whatever it loads is loaded before.
await carryOut({ ...order, dryRun: true });
installFuse(order.steps);
await carryOut(order);
