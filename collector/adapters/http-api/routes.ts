import type { ApiServices } from '../../ports/api.ts';
import type { App, Tools } from './app.ts';
import { describe } from './openapi.ts';
import { accessRoutes } from './routes-access.ts';
import { agentRoutes } from './routes-agents.ts';
import { auditRoutes } from './routes-audit.ts';
import { backupRoutes } from './routes-backups.ts';
import { brakeRoutes } from './routes-brakes.ts';
import { clusterRoutes } from './routes-clusters.ts';
import { disarmRoutes } from './routes-disarms.ts';
import { documentRoutes } from './routes-documents.ts';
import { eventRoutes } from './routes-events.ts';
import { healthRoutes } from './routes-health.ts';
import { heldOrderRoutes } from './routes-held-orders.ts';
import { incidentRoutes } from './routes-incidents.ts';
import { joinTokenRoutes } from './routes-join-tokens.ts';
import { nodeIncidentRoutes } from './routes-node-incidents.ts';
import { notifyRoutes } from './routes-notify.ts';
import { orderRoutes } from './routes-orders.ts';
import { policyRoutes } from './routes-policy.ts';
import { responsePolicyRoutes } from './routes-response-policy.ts';
import { statusRoutes } from './routes-status.ts';
import { tokenRoutes } from './routes-tokens.ts';
import { workloadRoutes } from './routes-workloads.ts';

/** Every resource: one file and one line here. */
const resources: readonly ((app: App, services: ApiServices, tools: Tools) => void)[] = [
  healthRoutes,
  accessRoutes,
  tokenRoutes,
  statusRoutes,
  workloadRoutes,
  incidentRoutes,
  documentRoutes,
  policyRoutes,
  agentRoutes,
  joinTokenRoutes,
  clusterRoutes,
  backupRoutes,
  orderRoutes,
  heldOrderRoutes,
  disarmRoutes,
  brakeRoutes,
  nodeIncidentRoutes,
  responsePolicyRoutes,
  auditRoutes,
  notifyRoutes,
  eventRoutes,
];

export async function addRoutes(app: App, services: ApiServices, tools: Tools): Promise<void> {
  await describe(app);
  for (const add of resources) add(app, services, tools);
}
