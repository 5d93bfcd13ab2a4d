"""How the report looks, and the few lines that draw its charts in the browser."""

from __future__ import annotations

STYLE = """
:root{--ink:#1c2430;--soft:#5b6675;--rule:#e3e7ed;--ground:#f5f6f8;--card:#fff;--accent:#1f5fbf;
--up:#c0392b;--down:#0f7b4f}
body.western{--up:#0f7b4f;--down:#c0392b}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.55 -apple-system,BlinkMacSystemFont,
"Segoe UI",Roboto,"Helvetica Neue","PingFang SC","Hiragino Sans GB","Microsoft YaHei","Noto Sans CJK SC",
"Noto Sans SC","WenQuanYi Micro Hei",sans-serif;-webkit-text-size-adjust:100%}
main{max-width:1120px;margin:0 auto;padding:24px 20px 48px}
h1{font-size:26px;line-height:1.25;margin:0 0 4px;font-weight:650;overflow-wrap:anywhere}
h2{font-size:17px;margin:0 0 10px;font-weight:650}
h3{font-size:14px;margin:18px 0 6px;font-weight:650;color:var(--soft)}
.sub{color:var(--soft);margin:0 0 18px;overflow-wrap:anywhere}
.note{color:var(--soft);font-size:13px;margin:-4px 0 12px}
.banner{border-radius:8px;padding:12px 16px;margin:0 0 12px;font-weight:600}
.banner b{margin-right:10px;letter-spacing:.04em}
.synthetic{background:#ffd84d;color:#3d2f00;border:2px solid #b98900}
.approximate,.unfinished{background:#eef3fb;color:#29415f;border:1px solid #c9d8ee;font-weight:400}
.cards{display:grid;grid-template-columns:repeat(4,1fr);gap:12px;margin:0 0 16px}
.card,section{background:var(--card);border:1px solid var(--rule);border-radius:10px}
.card{padding:12px 14px;min-width:0}
.card span{display:block;color:var(--soft);font-size:13px}
.card strong{font-size:20px;font-weight:650;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
section{padding:18px 18px 16px;margin:0 0 16px}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:16px;align-items:start}
.pair>*{min-width:0}
.wide{overflow-x:auto;-webkit-overflow-scrolling:touch}
table{border-collapse:collapse;width:100%;font-size:14px}
th{color:var(--soft);font-weight:600;font-size:12.5px;text-align:left;white-space:nowrap}
th,td{padding:6px 12px 6px 0;border-bottom:1px solid var(--rule);vertical-align:top}
tr:last-child td{border-bottom:0}
td{white-space:nowrap}
td.num,th.num{text-align:right;font-variant-numeric:tabular-nums}
td.why{white-space:normal;min-width:240px;overflow-wrap:anywhere}
td.id{font:12.5px/1.6 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:normal;
overflow-wrap:anywhere}
.plain td:first-child{color:var(--soft);white-space:normal;padding-right:16px}
.gain{color:var(--up)}.loss{color:var(--down)}
.soft{color:var(--soft)}
.bad{color:#b42318;font-weight:600}
details summary{cursor:pointer;color:var(--accent)}
details p{margin:4px 0;white-space:pre-wrap}
select{font:inherit;padding:6px 10px;border:1px solid #c8cfd9;border-radius:6px;background:#fff;
max-width:100%;color:inherit}
label{color:var(--soft);font-size:13px}
#curves{height:620px}
#prices{height:440px}
@media(max-width:760px){main{padding:16px 12px 32px}h1{font-size:21px}.cards{grid-template-columns:1fr 1fr}
.pair{grid-template-columns:1fr;gap:0}section{padding:14px 12px;border-radius:8px}.card strong{font-size:17px}
#curves{height:560px}#prices{height:360px}}
@media print{body{background:#fff}section,.card{break-inside:avoid}}
"""

SCRIPT = """
(function(){
"use strict";
var data=JSON.parse(document.getElementById("data").textContent),words=data.words;
var narrow=window.matchMedia("(max-width:760px)").matches;
var font={family:getComputedStyle(document.body).fontFamily,size:12,color:"#3a4452"};
var config={responsive:true,displaylogo:false,displayModeBar:narrow?false:"hover",
modeBarButtonsToRemove:["select2d","lasso2d","autoScale2d"]};
function axis(more){return Object.assign({gridcolor:"#eceff3",zerolinecolor:"#d5dae1",linecolor:"#d5dae1",
automargin:true,fixedrange:narrow},more)}
function times(order){return axis({type:"category",categoryorder:"array",categoryarray:order,
nticks:narrow?2:7,tickangle:0,rangeslider:{visible:false}})}
function base(more){return Object.assign({font:font,paper_bgcolor:"#fff",plot_bgcolor:"#fff",
margin:{l:narrow?44:60,r:narrow?8:16,t:8,b:36},hovermode:"x unified",dragmode:narrow?false:"zoom"},more)}
function heading(text,y){return{text:text,xref:"paper",yref:"paper",x:0,y:y,xanchor:"left",yanchor:"bottom",
showarrow:false,font:{size:12,color:"#5b6675"}}}
if(data.curves.length){
var below=data.curves[data.curves.length-2].y,flat=below.every(function(one){return one===0});
Plotly.newPlot("curves",data.curves,base({legend:{orientation:"h",x:0,y:1.02,yanchor:"bottom"},
margin:{l:narrow?44:70,r:narrow?8:16,t:36,b:36},
xaxis:Object.assign(times(data.curves[0].x),{anchor:"y3"}),
yaxis:axis({domain:[0.5,1],tickformat:narrow?".3s":",.0f"}),
yaxis2:axis(Object.assign({domain:[0.25,0.42],tickformat:".1%",nticks:4},flat?{range:[-0.01,0]}:{})),
yaxis3:axis({domain:[0,0.17],tickformat:".0%",rangemode:"tozero",nticks:4}),
annotations:[heading(words.drawdown,0.425),heading(words.exposure,0.175)]}),config)}
var pick=document.getElementById("pick");
function spots(of,name,shape,colour){return{type:"scatter",mode:"markers",x:of.x,y:of.y,name:name,
customdata:of.shares.map(function(n,i){return[n,of.at[i]]}),
hovertemplate:"%{customdata[0]} @ %{y} (%{customdata[1]})",
marker:{symbol:shape,size:narrow?11:13,color:colour,line:{color:"#fff",width:1.5}}}}
function prices(symbol){
var one=data.prices.symbols[symbol],stamps=data.prices.times,traces=[];
if(one.open){traces.push({type:"candlestick",x:stamps,open:one.open,high:one.high,low:one.low,close:one.close,
name:symbol,increasing:{line:{color:data.up,width:1},fillcolor:data.up},
decreasing:{line:{color:data.down,width:1},fillcolor:data.down},opacity:0.55,showlegend:false})}
else if(one.close){traces.push({type:"scatter",mode:"lines",x:stamps,y:one.close,name:symbol,
line:{color:"#5b6675",width:1.4},showlegend:false})}
traces.push(spots(one.buys,words.buy,"triangle-up","#1f5fbf"));
traces.push(spots(one.sells,words.sell,"triangle-down","#b45309"));
Plotly.react("prices",traces,base({title:{text:one.title,font:{size:14},x:0.01,xanchor:"left",y:0.98},
margin:{l:narrow?44:60,r:narrow?8:16,t:56,b:36},hovermode:"closest",
legend:{orientation:"h",x:0,y:1.01,yanchor:"bottom"},
xaxis:times(stamps),yaxis:axis({tickformat:",.2f"})}),config)}
if(pick){pick.addEventListener("change",function(){prices(pick.value)});prices(pick.value)}
})();
"""
