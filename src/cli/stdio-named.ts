/** The server of a pipe whose URL was given explicitly. */

export type PipeServer = {
  /** Without a slash at the end. */
  url: string
  /** Resolves when our server responds there. @throws PipeFailure if it does not */
  ready(): Promise<void>
  /** True if the current listener may receive requests. Checked before each request, because another process may take the port. */
  isOurs(): boolean
  /** Reports a failed connection, so that the next request checks the server again. */
  lost(): void
}

/**
 * Returns the server at this URL. The pipe does not start it: if it does not run, requests fail. By default, the server may
 * belong to another user, such as behind a proxy, because its URL was given on purpose. `isOurs` can restrict that.
 */
export function namedServer(url: string, isOurs = () => true): PipeServer {
  return { url, ready: async () => {}, isOurs, lost() {} }
}
