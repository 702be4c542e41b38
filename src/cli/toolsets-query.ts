/** `--toolsets` of a client: the query of the MCP endpoint. */
import { readSetting } from '../config.ts'

/** Returns the query that asks for these toolsets, or an empty text if none are given. @throws ConfigError */
export function toolsetsQuery(given: string | undefined): string {
  if (given === undefined) return ''
  const toolsets = readSetting('WHATSAPP_MCP_TOOLSETS', { flags: { WHATSAPP_MCP_TOOLSETS: given }, env: {} })
  return toolsets === null ? '' : `?toolsets=${toolsets.join(',')}`
}
