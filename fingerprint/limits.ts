/**
 * The most entries (argument vectors, files, peers, privileges and programs together) one fingerprint may hold: five
 * times the largest published one, and what an agent with 110 workloads can keep in memory.
 */
export const maxEntries = 20_000;
/** How many instance ids an observation keeps (docs/format.md, merging). */
export const maxInstances = 64;
/** Places a vendor leaves to the site: a person binds each by hand. */
export const maxParameters = 64;
/** What one mode is expected to show: written by hand. */
export const maxExpectations = 256;
/** Test steps of one recording: more than a large suite has test files. */
export const maxSteps = 4096;
/** Of a step's name, as a sentence can still hold it. */
export const maxStepName = 200;
/** Steps named for one entry: who showed it first is one, parallel tests make it a few. */
export const maxStepsPerEntry = 3;
