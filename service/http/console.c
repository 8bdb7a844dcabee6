/* GET /: the console, one page without anything from elsewhere. It asks the same routes as everybody, with the key that is typed in. */
#include "http/door.h"

/* In pieces, since C11 promises 4095 bytes a literal. */
static const char *const page[] = {
	"<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Inlay</title>\n"
	"<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
	"<style>\n"
	"body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}\n"
	"h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}\n"
	"header{display:flex;gap:1rem;align-items:center;flex-wrap:wrap}header form{margin-left:auto}\n"
	"table{border-collapse:collapse;width:100%;display:block;overflow-x:auto}\n"
	"th,td{padding:.3rem .7rem;text-align:right;border-bottom:1px solid #d8dee4;white-space:nowrap}\n"
	"th:first-child,td:first-child{text-align:left}th{font-weight:600}\n"
	".state{padding:.1rem .6rem;border-radius:1rem;background:#eee}.good{background:#d7f5dd}.bad{background:#ffd9d6}\n"
	"input,button{font:inherit;padding:.2rem .5rem}p.note{color:#57606a}\n"
	"@media(prefers-color-scheme:dark){body{background:#16191d;color:#e6e8ea}th,td{border-color:#333a41}.state{background:#333a41}\n"
	".good{background:#1e5631}.bad{background:#7a2621}}\n"
	"</style></head><body>\n"
	"<header><h1>Inlay</h1><span id=\"ready\" class=\"state\" role=\"status\">…</span>\n"
	"<form id=\"key-form\"><label>Key <input id=\"key\" type=\"password\" autocomplete=\"off\"></label> <button>Use</button></form></header>\n"
	"<h2>Merchants</h2><table id=\"merchants\"></table>\n"
	"<h2>Last 30 days</h2><table id=\"report\"></table>\n"
	"<h2>Counters since start</h2><table id=\"counters\"></table>\n",
	"<script>\n'use strict';\n"
	"const $=id=>document.getElementById(id);\n"
	"$('key').value=sessionStorage.getItem('key')||'';\n"
	"$('key-form').addEventListener('submit',e=>{e.preventDefault();sessionStorage.setItem('key',$('key').value);load();});\n"
	"async function ask(path){const k=sessionStorage.getItem('key');\n"
	" const r=await fetch(path,{headers:k?{Authorization:'Bearer '+k}:{}});\n"
	" if(!r.ok){let d=r.statusText;try{d=(await r.json()).detail||d;}catch(e){}throw new Error(r.status+': '+d);}return r;}\n"
	"function row(t,cells,tag){const tr=t.insertRow();for(const c of cells){const x=document.createElement(tag||'td');x.textContent=c;tr.append(x);}}\n"
	"function fill(id,head,rows){const t=$(id);t.replaceChildren();row(t,head,'th');for(const r of rows)row(t,r);\n"
	" if(!rows.length)row(t,['nothing yet']);}\n"
	"function fail(id,e){const t=$(id);t.replaceChildren();row(t,[e.message]);}\n"
	"const digits={};\n"
	"function money(m){if(m===null||m===undefined)return '';if(typeof m!=='object')return String(m);\n"
	" return Object.entries(m).map(([c,v])=>{if(!(c in digits)){try{digits[c]=new Intl.NumberFormat('en',{style:'currency',currency:c})\n"
	"  .resolvedOptions().maximumFractionDigits;}catch(e){digits[c]=2;}}return (v/10**digits[c]).toFixed(digits[c])+' '+c;}).join(', ');}\n"
	"async function ready(){const s=$('ready');try{await ask('/readyz');s.textContent='ready';s.className='state good';}\n"
	" catch(e){s.textContent=e.message;s.className='state bad';}}\n",
	"async function merchants(){try{const list=(await (await ask('/v1/merchants')).json()).data,rows=[];\n"
	" for(const m of list){let c={generation:'',products:''};\n"
	"  try{c=await (await ask('/v1/merchants/'+encodeURIComponent(m.id)+'/catalog')).json();}catch(e){}\n"
	"  rows.push([m.id,m.name,m.network,m.status,c.products,c.generation||'']);}\n"
	" fill('merchants',['id','name','network','status','products','generation'],rows);}catch(e){fail('merchants',e);}}\n"
	"const columns=['answers','eligible','linked','links','human_clicks','orders','order_value','commission_pending','commission_approved','epc'];\n"
	"async function report(){try{const r=await (await ask('/v1/reports/commissions?group_by=day')).json();\n"
	" fill('report',['day',...columns],r.rows.map(x=>[x.key.day,...columns.map(c=>money(x[c]))]));}catch(e){fail('report',e);}}\n"
	"async function counters(){try{const text=await (await ask('/metrics')).text();\n"
	" fill('counters',['counter','value'],text.split('\\n').filter(l=>l&&l[0]!=='#'&&!l.includes('_bucket')).map(l=>{\n"
	"  const at=l.lastIndexOf(' ');return [l.slice(0,at),l.slice(at+1)];}));}catch(e){fail('counters',e);}}\n"
	"function load(){ready();merchants();report();counters();}\nload();\nsetInterval(()=>{ready();counters();},5000);\n"
	"</script></body></html>\n",
};

enum turn answer_console(struct request *r)
{
	for (size_t i = 0; i < ARRAY_LEN(page); i++)
		buf_put(&r->reply.body, str_of(page[i]));
	reply_header(&r->reply, "Content-Security-Policy",
		"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
		"frame-ancestors 'none'");
	reply_header(&r->reply, "X-Content-Type-Options", "nosniff");
	reply_header(&r->reply, "Referrer-Policy", "no-referrer");
	reply_send(r, 200, "text/html; charset=utf-8");
	return ANSWERED;
}
