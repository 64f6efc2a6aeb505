/* Many recordings, few kinds of faults. */

import * as assert from "node:assert/strict";

const AT_ONCE = 8;

/** Faults and where they were seen: the same fault of many recordings is told once. */
export class Faults {
  private readonly seen = new Map<string, { where: string; times: number }>();
  checked = 0;

  add(where: string, list: string[]): void {
    this.checked++;
    for (const fault of list) {
      const known = this.seen.get(fault);
      if (known) known.times++;
      else this.seen.set(fault, { where, times: 1 });
    }
  }

  check(): void {
    assert.ok(this.checked > 0, "nothing was checked");
    const lines = [...this.seen].sort(([, a], [, b]) => b.times - a.times).map(([fault, { where, times }]) => `${times} x ${fault} (${where})`);
    assert.deepEqual(lines.slice(0, 40), []);
  }
}

/** Works on all of them, some at a time. */
export async function allOf<T>(items: T[], work: (item: T) => Promise<void>): Promise<void> {
  const rest = items.slice();
  const worker = async () => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
