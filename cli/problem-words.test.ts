import { describe, expect, it } from 'vitest';
import { refusal } from './problem-words.ts';

describe('what a collector refused', () => {
  it.each<[string, string]>([
    ['no sink has this name; GET /api/v1/notify lists them', 'whorl notify list lists them'],
    ['no agent x is known; GET /api/v1/agents lists them', 'whorl agents lists them'],
    ['GET /api/v1/incidents/ID lists those of an incident', 'GET /api/v1/incidents/ID lists those'],
    ['GET /api/v1/tokens lists them', 'GET /api/v1/tokens lists them'],
    ['\u001b[2Jgone', '\\x1b[2Jgone'],
  ])('names a verb where there is one: %j', (detail, said) => {
    expect(refusal('the collector', 404, { detail }).message).toContain(said);
  });

  it.each([
    [401, 3],
    [403, 3],
    [404, 2],
    [429, 5],
    [503, 5],
  ])('of status %i ends with code %i', (status, code) => {
    expect(refusal('the collector', status, {}).exitCode).toBe(code);
  });
});
