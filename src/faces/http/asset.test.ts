import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { keepAssets } from './asset.ts'

it('a file that could not be read is read by the next request, and then kept', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'wma-asset-'))
  const file = join(dir, 'page.html')
  try {
    const read = keepAssets((name) => join(dir, name))
    await expect(read('page.html')).rejects.toThrow('ENOENT')
    writeFileSync(file, 'first')
    const asset = await read('page.html')
    expect(asset.bytes.toString()).toBe('first')
    writeFileSync(file, 'second')
    expect(await read('page.html')).toBe(asset)
  } finally {
    rmSync(dir, { recursive: true })
  }
})
