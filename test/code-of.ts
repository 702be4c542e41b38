import { AppError } from '../src/errors.ts'

/** Returns the code of the AppError that `work` throws, the text of another error, or null. */
export function codeOf(work: () => unknown): string | null {
  try {
    work()
    return null
  } catch (error) {
    return error instanceof AppError ? error.code : String(error)
  }
}
