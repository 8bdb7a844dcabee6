// The ready pieces for JavaScript, in front of UPSTREAM without our proxy, with BASE for links. usage: node adapters.mjs BASE UPSTREAM FOLDER
// Prints, as JSON, the texts that each gives: with a service, with one that is away, and with one that dies after three calls.
import http from 'node:http';
import path from 'node:path';
import { generateText, streamText, wrapLanguageModel } from 'ai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { ChatOpenAI } from '@langchain/openai';

const [base, upstream, folder] = process.argv.slice(2);
const load = name => import(path.resolve(folder, name));
const { inlay } = await load('ai-sdk.mjs');
const { withLinks } = await load('langchain.mjs');
const messages = [{ role: 'user', content: 'best headphones?' }];
const model = createOpenAICompatible({ name: 'fake', baseURL: upstream + '/v1', apiKey: 'k' })('fake');

// Passes three calls on to BASE; the rest finds nobody.
let calls = 0;
const dying = http.createServer(async (req, res) => {
	const body = [];
	for await (const c of req) body.push(c);
	if (++calls > 3) return res.destroy();
	const reply = await fetch(base + req.url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: Buffer.concat(body) });
	return res.end(Buffer.from(await reply.arrayBuffer()));
});
await new Promise(resolve => dying.listen(0, '127.0.0.1', resolve));
const away = 'http://127.0.0.1:1', dies = `http://127.0.0.1:${dying.address().port}`;

async function texts(url) {
	const wrapped = wrapLanguageModel({ model, middleware: inlay({ url }) });
	const chat = new ChatOpenAI({ model: 'fake', apiKey: 'k', configuration: { baseURL: upstream + '/v1' }, maxRetries: 0, useResponsesApi: false });
	return {
		generated: (await generateText({ model: wrapped, messages })).text,
		streamed: await streamText({ model: wrapped, messages }).text,
		langchain: (await withLinks(chat, { url }).invoke('best headphones?')).content,
	};
}
const cut = await streamText({ model: wrapLanguageModel({ model, middleware: inlay({ url: dies }) }), messages }).text;
console.log(JSON.stringify({ linked: await texts(base), away: await texts(away), cut }));
dying.close();
process.exit(0);
