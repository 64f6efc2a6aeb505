/* Waiting without sleeping: every wait in the tests ends by an event, or fails at the one deadline and says what it
 * waited for. TB_TEST_TIMEOUT is that deadline in seconds; raise it on slow machines and under valgrind. */

export const TIMEOUT_MS = 1000 * Number(process.env["TB_TEST_TIMEOUT"] ?? "20");

/** The promise, or an error "timed out waiting for <what>". */
export async function within<T>(what: string, promise: Promise<T>, ms = TIMEOUT_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`timed out waiting for ${what}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A latch: who waits goes on once somebody has opened it. Stands where other tests would sleep. */
export class Latch<T = void> {
  readonly opened: Promise<T>;
  open!: (value: T) => void;
  fail!: (reason: Error) => void;

  constructor() {
    this.opened = new Promise<T>((resolve, reject) => {
      this.open = resolve;
      this.fail = reject;
    });
    this.opened.catch(() => {}); // whoever waits gets the failure; nobody waiting is no crash
  }

  wait(what: string): Promise<T> {
    return within(what, this.opened);
  }
}
