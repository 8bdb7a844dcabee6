// Real clients' libraries against BASE, which stands in front of DIRECT (fake.mjs) or is DIRECT itself. usage: node check.mjs BASE DIRECT
// Each streamed text must be that of the whole answer to the same messages. Where BASE is not DIRECT every text must have a link of ours, and with
// X-Inlay: off every byte must be DIRECT's. Last line: "N ok, N failed".
import OpenAI from 'openai';
import Anthropic from '@anthropic-ai/sdk';
import { generateText, streamText, wrapLanguageModel } from 'ai';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { ChatOpenAI } from '@langchain/openai';

const [base, direct] = process.argv.slice(2);
const linked = base !== direct;
const asked = o => 'best headphones?' + (o ? ` @@${JSON.stringify(o)}@@` : '');
const ask = o => [{ role: 'user', content: asked(o) }];
const openai = new OpenAI({ baseURL: base + '/v1', apiKey: 'k', maxRetries: 0 });
const anthropic = new Anthropic({ baseURL: base, apiKey: 'k', maxRetries: 0 });
const compatible = createOpenAICompatible({ name: 'fake', baseURL: base + '/v1', apiKey: 'k', includeUsage: true })('fake');
const sdk = createOpenAI({ baseURL: base + '/v1', apiKey: 'k' });

let good = 0, bad = 0;
async function check(name, run) {
	try {
		console.log('ok  ', name, '|', await run());
		good++;
	} catch (e) {
		console.log('FAIL', name, '|', e?.message ?? e);
		bad++;
	}
}
function expect(fact, what) {
	if (!fact) throw Error(typeof what === 'string' ? what : JSON.stringify(what));
}
async function collect(stream, pick) {
	let text = '';
	for await (const x of stream) text += pick(x) ?? '';
	return text;
}
async function post(url, path, body, headers = {}) {
	const r = await fetch(url + path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) });
	return { status: r.status, bytes: Buffer.from(await r.arrayBuffer()).toString('latin1') };
}

// The whole answer to the same messages, which must have a link.
async function whole(o, x = {}) {
	const r = await openai.chat.completions.create({ model: 'fake', messages: ask(o), ...x });
	const text = r.choices[0].message.content;
	expect(!linked || /\]\(http[^ )]+\/c\/[^ )]+\) \(Ad\)/.test(text), 'no link: ' + text);
	return text;
}
const stream = (o, x = {}) => openai.chat.completions.create({ model: 'fake', messages: ask(o), stream: true, ...x });
async function same(text, o, x) {
	const want = await whole(o, x);
	expect(text === want, { streamed: text, whole: want });
	return `${text.length} characters`;
}
const content = c => c.choices[0]?.delta?.content;

await check('openai whole', async () => (await whole()).length);
await check('openai stream, usage', async () => {
	let text = '', usage, finish, role;
	for await (const c of await stream(null, { stream_options: { include_usage: true } })) {
		role ??= c.choices[0]?.delta?.role;
		text += content(c) ?? '';
		finish = c.choices[0]?.finish_reason ?? finish;
		usage = c.usage ?? usage;
	}
	expect(finish === 'stop' && usage && role === 'assistant', { finish, usage, role });
	return same(text, null);
});
await check('openai finalChatCompletion', async () => {
	const r = await openai.chat.completions.stream({ model: 'fake', messages: ask() }).finalChatCompletion();
	return same(r.choices[0].message.content, null);
});
const wires = { 'byte by byte': { wire: 1 }, 'CRLF, pings': { wire: 7, crlf: true, ping: 2 }, 'one character a delta': { chunk: 1 }, 'no [DONE]': { done: false }, obfuscation: { obfuscation: true } };
for (const [name, o] of Object.entries(wires)) await check('openai stream, ' + name, async () => same(await collect(await stream(o), content), o));
await check('openai n=3', async () => {
	const text = {};
	for await (const c of await stream(null, { n: 3 })) for (const h of c.choices) text[h.index] = (text[h.index] ?? '') + (h.delta.content ?? '');
	expect(text[0] === text[1] && text[1] === text[2], text);
	return same(text[0], null, { n: 3 });
});
await check('openai tools', async () => {
	let args = '', finish;
	for await (const c of await stream({ tools: true, text: '' })) {
		args += c.choices[0]?.delta?.tool_calls?.[0]?.function?.arguments ?? '';
		finish = c.choices[0]?.finish_reason ?? finish;
	}
	expect(args === '{"q":"shoes"}' && finish === 'tool_calls', args + finish);
	return args;
});
await check('openai logprobs', async () => {
	let text = '', tokens = '';
	for await (const c of await stream(null, { logprobs: true })) {
		text += content(c) ?? '';
		tokens += c.choices[0]?.logprobs?.content?.map(t => t.token).join('') ?? '';
	}
	expect(text.length && text === tokens, { text, tokens });
	return 'tokens add up';
});
const cited = { annotations: [{ url: 'https://x.test/', title: 'X', start_index: 41, end_index: 50 }] };
await check('openai annotations', async () => {
	let notes;
	for await (const c of await stream(cited)) notes = c.choices[0]?.delta?.annotations ?? notes;
	const at = notes[0].url_citation, words = [...await whole(cited)].slice(at.start_index, at.end_index).join('');
	expect(words === 'hey are l', words);
	return JSON.stringify(notes);
});
await check('openai error in the middle', async () => {
	try {
		await collect(await stream({ error_at: 4 }), content);
	} catch (e) {
		return e.constructor.name + ': ' + e.message;
	}
	throw Error('no error');
});
await check('openai dropped connection', async () => {
	try {
		await collect(await stream({ abort_at: 4 }), content);
	} catch (e) {
		return e.constructor.name;
	}
	throw Error('no error');
});
await check('openai 429', async () => {
	try {
		await stream({ status: 429, retry_after: 1 });
	} catch (e) {
		expect(e.status === 429 && e.requestID === 'req_fake1' && e.headers.get('retry-after') === '1', e.message);
		return e.constructor.name;
	}
	throw Error('no error');
});
await check('openai gzip', async () => (await whole({ gzip: true })).length);
await check('openai responses stream', async () => {
	let text = '', last;
	for await (const e of await openai.responses.create({ model: 'fake', input: asked(), stream: true })) {
		last = e;
		text += e.type === 'response.output_text.delta' ? e.delta : '';
	}
	expect(last.type === 'response.completed' && last.response.output[0].content[0].text === text, last);
	return same(text, null);
});
await check('openai responses whole', async () => same((await openai.responses.create({ model: 'fake', input: asked() })).output_text, null));
const anthropicAsked = { model: 'fake', max_tokens: 99, messages: ask() };
await check('anthropic stream', async () => same((await anthropic.messages.stream(anthropicAsked).finalMessage()).content[0].text, null));
await check('anthropic whole', async () => same((await anthropic.messages.create(anthropicAsked)).content[0].text, null));
await check('ai generateText', async () => same((await generateText({ model: compatible, messages: ask() })).text, null));
for (const o of [null, { wire: 3 }, { reasoning: 'thinking' }])
	await check('ai streamText ' + JSON.stringify(o), async () => {
		const r = streamText({ model: compatible, messages: ask(o) });
		const length = await same(await collect(r.textStream, x => x), o);
		expect((await r.usage).totalTokens && (await r.reasoningText ?? undefined) === o?.reasoning, 'usage, reasoning');
		return length;
	});
for (const [name, model] of [['chat', sdk.chat('fake')], ['responses', sdk.responses('fake')]])
	await check('ai sources, .' + name, async () => {
		const r = streamText({ model, messages: ask(cited) });
		await same(await r.text, cited);
		const urls = (await r.sources).map(s => s.url);
		expect(urls.includes('https://x.test/'), urls);
		return urls.join(' ');
	});
await check('ai UI message stream', async () => {
	const r = streamText({ model: sdk.chat('fake'), messages: ask(cited) }).toUIMessageStreamResponse({ sendSources: true });
	const text = await r.text();
	expect(text.includes('source-url') && r.headers.get('x-vercel-ai-ui-message-stream') === 'v1', text);
	return 'source-url';
});
await check('ai middleware', async () => {
	const loud = { transform: (p, to) => to.enqueue(p.type === 'text-delta' ? { ...p, delta: p.delta.toUpperCase() } : p) };
	const wrapStream = async ({ doStream }) => {
		const { stream: s, ...rest } = await doStream();
		return { stream: s.pipeThrough(new TransformStream(loud)), ...rest };
	};
	const model = wrapLanguageModel({ model: compatible, middleware: { specificationVersion: 'v3', wrapStream } });
	expect(await streamText({ model, messages: ask() }).text === (await whole()).toUpperCase(), 'text');
	return 'upper case';
});
await check('ai tools', async () => {
	const r = streamText({ model: compatible, messages: ask({ tools: true, text: '' }), tools: {} });
	await collect(r.textStream, x => x);
	expect(await r.finishReason === 'tool-calls' && (await r.toolCalls)[0].toolName === 'lookup', await r.toolCalls);
	return 'lookup';
});
await check('langchain stream', async () => {
	const model = new ChatOpenAI({ model: 'fake', apiKey: 'k', configuration: { baseURL: base + '/v1' }, maxRetries: 0, useResponsesApi: false });
	return same(await collect(await model.stream(asked()), c => c.content), null);
});

const tricks = [{}, { wire: 3 }, { crlf: true, ping: 1 }, { chunk: 1, done: false }, { n: 2, tools: true }, { reasoning: 'hm' }, { logprobs: true }, cited, { error_at: 5 }, { status: 500 }, { gzip: true }];
for (const path of ['/v1/chat/completions', '/v1/responses', '/v1/messages'])
	await check('off: the bytes of ' + path, async () => {
		for (const o of tricks)
			for (const streams of [true, false]) {
				const body = { model: 'fake', ...(path === '/v1/responses' ? { input: asked(o) } : { messages: ask(o) }), stream: streams };
				const [ours, theirs] = [await post(base, path, body, { 'x-inlay': 'off' }), await post(direct, path, body)];
				expect(ours.status === theirs.status && ours.bytes === theirs.bytes, { o, streams, ours, theirs });
			}
		return `${2 * tricks.length} answers`;
	});
console.log(`${good} ok, ${bad} failed`);
process.exit(bad ? 1 : 0);
