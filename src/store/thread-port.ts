/** The port of a thread: it answers requests of threads.ts, and errors pass it as plain data. */
import { parentPort } from 'node:worker_threads'
import { codeOf } from '../error-code.ts'
import { AppError, ERRORS, type ErrorCode, type FailOptions } from '../errors.ts'

/** The answer to one request. Before the first one, a thread sends `ready`. */
export type Reply = { value: unknown } | { error: PlainError }

/** An error without its class, which a structured clone loses. `code`: that of an AppError, or of the system. */
export type PlainError = {
  message: string
  stack: string | undefined
  code: string | undefined
  app:
    | (Pick<FailOptions, 'retryAfterS' | 'facts'> & { hint: string; cause: PlainError | undefined })
    | undefined
}

/**
 * Answers requests until the port is closed. Call it once in a thread.
 * @param answer returns plain data, or throws
 * @param end called before the thread ends
 */
export function serveRequests<Message>(answer: (message: Message) => unknown, end: () => void): void {
  const port = parentPort
  port?.on('message', async (message: Message | null) => {
    if (message === null) {
      end()
      return port.close()
    }
    try {
      port.postMessage({ value: await answer(message) } satisfies Reply)
    } catch (error) {
      port.postMessage({ error: toPlain(error) } satisfies Reply)
    }
  })
  port?.postMessage('ready')
}

function toPlain(error: unknown): PlainError {
  if (!(error instanceof Error))
    return { message: String(error), stack: undefined, code: undefined, app: undefined }
  const { message, stack } = error
  if (!(error instanceof AppError)) {
    return { message, stack, code: codeOf(error) ?? undefined, app: undefined }
  }
  const { code, hint, retryAfterS, facts, cause } = error
  const plainCause = cause === undefined ? undefined : toPlain(cause)
  return {
    message,
    stack,
    code,
    app: { hint, facts, cause: plainCause, ...(retryAfterS === undefined ? {} : { retryAfterS }) },
  }
}

/** Returns the error that was thrown in the thread. */
export function fromPlain({ message, stack, code, app }: PlainError): Error {
  const isOurs = (text: string | undefined): text is ErrorCode => text !== undefined && text in ERRORS
  const error =
    app !== undefined && isOurs(code)
      ? new AppError(code, {
          detail: message,
          ...app,
          cause: app.cause === undefined ? undefined : fromPlain(app.cause),
        })
      : Object.assign(new Error(message), code === undefined ? {} : { code })
  if (stack !== undefined) error.stack = stack
  return error
}
