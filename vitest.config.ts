import { defineConfig } from 'vitest/config';

/**
 * A store's thread is started from its TypeScript, and Node strips types with WebAssembly. What this WebAssembly calls a
 * thousand times V8 compiles; where many such threads come and go in one process, V8 then sometimes loses track of what code
 * is freed, and the process dies: SIGSEGV, or `Check failed: jit_page.has_value()` (like nodejs/node#64500). With this
 * budget nothing is compiled so. What is released has no types to strip and needs no flag.
 */
const execArgv = ['--wasm-wrapper-tiering-budget=1000000000'];

// Two projects: `unit` needs no root and no kernel; `e2e` runs real kernels, containers and processes, one file at a time.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          execArgv,
          include: [
            '{fingerprint,agent,collector,registry,cli,proto,bench}/**/*.test.ts',
            'test/*.test.ts',
            'test/{property,contract}/**/*.test.ts',
          ],
        },
      },
      {
        test: {
          name: 'e2e',
          execArgv,
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
