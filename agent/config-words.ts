/** Sources of a daemon; `replay` beside them plays a recording once. Apart from config.ts, so that help loads nothing more. */
export const liveSources = ['sensor', 'tracee', 'tetragon', 'falco'] as const;
/** How a gRPC source is read. */
export const transports = ['http2', 'grpc-js'] as const;
