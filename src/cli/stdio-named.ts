/** The server that the pipe leads to, where its address was named. */

export type PipeServer = {
  /** Without a slash at the end. */
  url: string
  /** Resolves once a server of ours answers there. @throws PipeFailure where that is not to be had */
  ready(): Promise<void>
  /** May whoever listens there now be asked? Looked at before each request: ports change hands. */
  isOurs(): boolean
  /** A connection failed: look again before the next request. */
  lost(): void
}

/**
 * A server somewhere: it is there, or it is not; whoever asks for something is told. Whose it is, is looked at only where
 * `isOurs` does: by itself it may be one of another user behind a proxy, and was named on purpose.
 */
export function namedServer(url: string, isOurs = () => true): PipeServer {
  return { url, ready: async () => {}, isOurs, lost() {} }
}
