import { defineConfig } from 'vitest/config';

// Two projects: `unit` needs no root and no kernel; `e2e` runs real kernels, containers and processes, one file at a time.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
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
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
