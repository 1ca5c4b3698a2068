; kernel 0: kernel_68dba04088fb0b916861a07f
; ModuleID = "kernel_68dba04088fb0b916861a07f"
target datalayout = ""

define void @"kernel_68dba04088fb0b916861a07f"(ptr %".1", i64 %".2", i64 %".3") #0
{
entry:
  %".5" = getelementptr i64, ptr %".1", i64 0
  %"b0" = load ptr, ptr %".5"
  %".6" = getelementptr i64, ptr %".1", i64 1
  %"b1" = load ptr, ptr %".6"
  %".7" = getelementptr float, ptr %"b0", i64 0
  %".8" = load float, ptr %".7", align 4
  %".9" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".8", i32 0
  %".10" = getelementptr float, ptr %"b0", i64 4
  %".11" = load float, ptr %".10", align 4
  %".12" = insertelement <8 x float> %".9", float %".11", i32 1
  %".13" = getelementptr float, ptr %"b0", i64 8
  %".14" = load float, ptr %".13", align 4
  %".15" = insertelement <8 x float> %".12", float %".14", i32 2
  %".16" = getelementptr float, ptr %"b0", i64 12
  %".17" = load float, ptr %".16", align 4
  %".18" = insertelement <8 x float> %".15", float %".17", i32 3
  call void @"llvm.masked.store.v8f32.p0"(<8 x float> %".18", ptr %"b1", <8 x i1> <i1 1, i1 1, i1 1, i1 1, i1 0, i1 0, i1 0, i1 0>)
  %".20" = getelementptr inbounds float, ptr %"b0", i64 1
  %".21" = getelementptr float, ptr %".20", i64 0
  %".22" = load float, ptr %".21", align 4
  %".23" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".22", i32 0
  %".24" = getelementptr float, ptr %".20", i64 4
  %".25" = load float, ptr %".24", align 4
  %".26" = insertelement <8 x float> %".23", float %".25", i32 1
  %".27" = getelementptr float, ptr %".20", i64 8
  %".28" = load float, ptr %".27", align 4
  %".29" = insertelement <8 x float> %".26", float %".28", i32 2
  %".30" = getelementptr float, ptr %".20", i64 12
  %".31" = load float, ptr %".30", align 4
  %".32" = insertelement <8 x float> %".29", float %".31", i32 3
  %".33" = getelementptr inbounds float, ptr %"b1", i64 4
  call void @"llvm.masked.store.v8f32.p0"(<8 x float> %".32", ptr %".33", <8 x i1> <i1 1, i1 1, i1 1, i1 1, i1 0, i1 0, i1 0, i1 0>)
  %".35" = getelementptr inbounds float, ptr %"b0", i64 2
  %".36" = getelementptr float, ptr %".35", i64 0
  %".37" = load float, ptr %".36", align 4
  %".38" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".37", i32 0
  %".39" = getelementptr float, ptr %".35", i64 4
  %".40" = load float, ptr %".39", align 4
  %".41" = insertelement <8 x float> %".38", float %".40", i32 1
  %".42" = getelementptr float, ptr %".35", i64 8
  %".43" = load float, ptr %".42", align 4
  %".44" = insertelement <8 x float> %".41", float %".43", i32 2
  %".45" = getelementptr float, ptr %".35", i64 12
  %".46" = load float, ptr %".45", align 4
  %".47" = insertelement <8 x float> %".44", float %".46", i32 3
  %".48" = getelementptr inbounds float, ptr %"b1", i64 8
  call void @"llvm.masked.store.v8f32.p0"(<8 x float> %".47", ptr %".48", <8 x i1> <i1 1, i1 1, i1 1, i1 1, i1 0, i1 0, i1 0, i1 0>)
  %".50" = getelementptr inbounds float, ptr %"b0", i64 3
  %".51" = getelementptr float, ptr %".50", i64 0
  %".52" = load float, ptr %".51", align 4
  %".53" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".52", i32 0
  %".54" = getelementptr float, ptr %".50", i64 4
  %".55" = load float, ptr %".54", align 4
  %".56" = insertelement <8 x float> %".53", float %".55", i32 1
  %".57" = getelementptr float, ptr %".50", i64 8
  %".58" = load float, ptr %".57", align 4
  %".59" = insertelement <8 x float> %".56", float %".58", i32 2
  %".60" = getelementptr float, ptr %".50", i64 12
  %".61" = load float, ptr %".60", align 4
  %".62" = insertelement <8 x float> %".59", float %".61", i32 3
  %".63" = getelementptr inbounds float, ptr %"b1", i64 12
  call void @"llvm.masked.store.v8f32.p0"(<8 x float> %".62", ptr %".63", <8 x i1> <i1 1, i1 1, i1 1, i1 1, i1 0, i1 0, i1 0, i1 0>)
  ret void
}

declare void @"llvm.masked.store.v8f32.p0"(<8 x float> %".1", ptr %".2", <8 x i1> %".3")
attributes #0 = { nounwind "prefer-vector-width"="256" "min-legal-vector-width"="256" }


; kernel 1: kernel_6cb993d993e829f843da2e02
; ModuleID = "kernel_6cb993d993e829f843da2e02"
target datalayout = ""

define void @"kernel_6cb993d993e829f843da2e02"(ptr %".1", i64 %".2", i64 %".3") #0
{
entry:
  %".5" = getelementptr i64, ptr %".1", i64 0
  %"b0" = load ptr, ptr %".5"
  %".6" = getelementptr i64, ptr %".1", i64 1
  %"b1" = load ptr, ptr %".6"
  %".7" = getelementptr i64, ptr %".1", i64 2
  %"b2" = load ptr, ptr %".7"
  %".8" = getelementptr i64, ptr %".1", i64 3
  %"N" = load i64, ptr %".8"
  %".9" = add i64 %"N", 0
  %".10" = udiv i64 %".9", 1
  %".11" = mul i64 %".10", %".2"
  %".12" = udiv i64 %".11", %".3"
  %".13" = mul i64 %".12", 1
  %".14" = add i64 %".2", 1
  %".15" = mul i64 %".10", %".14"
  %".16" = udiv i64 %".15", %".3"
  %".17" = mul i64 %".16", 1
  %".18" = icmp slt i64 %".17", %"N"
  %".19" = select  i1 %".18", i64 %".17", i64 %"N"
  %".20" = icmp slt i64 %".13", %".19"
  br i1 %".20", label %"loop", label %"done"
loop:
  %".22" = phi  i64 [%".13", %"entry"], [%".154", %"done.1"]
  %".23" = icmp slt i64 0, 4
  br i1 %".23", label %"loop.1", label %"done.1"
done:
  ret void
loop.1:
  %".25" = phi  i64 [0, %"loop"], [%".151", %"loop.1"]
  %".26" = load float, ptr %"b1", align 4
  %".27" = mul nsw i64 %".22", 25
  %".28" = getelementptr inbounds float, ptr %"b0", i64 %".27"
  %".29" = mul nsw i64 %".25", 5
  %".30" = getelementptr inbounds float, ptr %".28", i64 %".29"
  %".31" = load <4 x float>, ptr %".30", align 4
  %".32" = insertelement <4 x float> <float undef, float undef, float undef, float undef>, float %".26", i32 0
  %".33" = shufflevector <4 x float> %".32", <4 x float> <float undef, float undef, float undef, float undef>, <4 x i32> <i32 0, i32 0, i32 0, i32 0>
  %".34" = call <4 x float> @"llvm.fma.v4f32"(<4 x float> %".33", <4 x float> %".31", <4 x float> <float              0x0, float              0x0, float              0x0, float              0x0>)
  %".35" = getelementptr inbounds float, ptr %"b1", i64 1
  %".36" = load float, ptr %".35", align 4
  %".37" = insertelement <4 x float> <float undef, float undef, float undef, float undef>, float %".36", i32 0
  %".38" = shufflevector <4 x float> %".37", <4 x float> <float undef, float undef, float undef, float undef>, <4 x i32> <i32 0, i32 0, i32 0, i32 0>
  %".39" = call <4 x float> @"llvm.fma.v4f32"(<4 x float> %".38", <4 x float> %".31", <4 x float> <float              0x0, float              0x0, float              0x0, float              0x0>)
  %".40" = getelementptr inbounds float, ptr %"b1", i64 2
  %".41" = load float, ptr %".40", align 4
  %".42" = insertelement <4 x float> <float undef, float undef, float undef, float undef>, float %".41", i32 0
  %".43" = shufflevector <4 x float> %".42", <4 x float> <float undef, float undef, float undef, float undef>, <4 x i32> <i32 0, i32 0, i32 0, i32 0>
  %".44" = call <4 x float> @"llvm.fma.v4f32"(<4 x float> %".43", <4 x float> %".31", <4 x float> <float              0x0, float              0x0, float              0x0, float              0x0>)
  %".45" = getelementptr inbounds float, ptr %"b1", i64 3
  %".46" = load float, ptr %".45", align 4
  %".47" = insertelement <4 x float> <float undef, float undef, float undef, float undef>, float %".46", i32 0
  %".48" = shufflevector <4 x float> %".47", <4 x float> <float undef, float undef, float undef, float undef>, <4 x i32> <i32 0, i32 0, i32 0, i32 0>
  %".49" = call <4 x float> @"llvm.fma.v4f32"(<4 x float> %".48", <4 x float> %".31", <4 x float> <float              0x0, float              0x0, float              0x0, float              0x0>)
  %".50" = getelementptr inbounds float, ptr %"b1", i64 4
  %".51" = load float, ptr %".50", align 4
  %".52" = mul nsw i64 %".22", 25
  %".53" = getelementptr inbounds float, ptr %"b0", i64 %".52"
  %".54" = mul nsw i64 %".25", 5
  %".55" = getelementptr inbounds float, ptr %".53", i64 %".54"
  %".56" = getelementptr inbounds float, ptr %".55", i64 1
  %".57" = load <4 x float>, ptr %".56", align 4
  %".58" = insertelement <4 x float> <float undef, float undef, float undef, float undef>, float %".51", i32 0
  %".59" = shufflevector <4 x float> %".58", <4 x float> <float undef, float undef, float undef, float undef>, <4 x i32> <i32 0, i32 0, i32 0, i32 0>
  %".60" = call <4 x float> @"llvm.fma.v4f32"(<4 x float> %".59", <4 x float> %".57", <4 x float> %".34")
  %".61" = getelementptr inbounds float, ptr %"b1", i64 5
  %".62" = load float, ptr %".61", align 4
  %".63" = insertelement <4 x float> <float undef, float undef, float undef, float undef>, float %".62", i32 0
  %".64" = shufflevector <4 x float> %".63", <4 x float> <float undef, float undef, float undef, float undef>, <4 x i32> <i32 0, i32 0, i32 0, i32 0>
  %".65" = call <4 x float> @"llvm.fma.v4f32"(<4 x float> %".64", <4 x float> %".57", <4 x float> %".39")
  %".66" = getelementptr inbounds float, ptr %"b1", i64 6
  %".67" = load float, ptr %".66", align 4
  %".68" = insertelement <4 x float> <float undef, float undef, float undef, float undef>, float %".67", i32 0
  %".69" = shufflevector <4 x float> %".68", <4 x float> <float undef, float undef, float undef, float undef>, <4 x i32> <i32 0, i32 0, i32 0, i32 0>
  %".70" = call <4 x float> @"llvm.fma.v4f32"(<4 x float> %".69", <4 x float> %".57", <4 x float> %".44")
  %".71" = getelementptr inbounds float, ptr %"b1", i64 7
  %".72" = load float, ptr %".71", align 4
  %".73" = insertelement <4 x float> <float undef, float undef, float undef, float undef>, float %".72", i32 0
  %".74" = shufflevector <4 x float> %".73", <4 x float> <float undef, float undef, float undef, float undef>, <4 x i32> <i32 0, i32 0, i32 0, i32 0>
  %".75" = call <4 x float> @"llvm.fma.v4f32"(<4 x float> %".74", <4 x float> %".57", <4 x float> %".49")
  %".76" = getelementptr inbounds float, ptr %"b1", i64 8
  %".77" = load float, ptr %".76", align 4
  %".78" = mul nsw i64 %".22", 25
  %".79" = getelementptr inbounds float, ptr %"b0", i64 %".78"
  %".80" = mul nsw i64 %".25", 5
  %".81" = getelementptr inbounds float, ptr %".79", i64 %".80"
  %".82" = getelementptr inbounds float, ptr %".81", i64 5
  %".83" = load <4 x float>, ptr %".82", align 4
  %".84" = insertelement <4 x float> <float undef, float undef, float undef, float undef>, float %".77", i32 0
  %".85" = shufflevector <4 x float> %".84", <4 x float> <float undef, float undef, float undef, float undef>, <4 x i32> <i32 0, i32 0, i32 0, i32 0>
  %".86" = call <4 x float> @"llvm.fma.v4f32"(<4 x float> %".85", <4 x float> %".83", <4 x float> %".60")
  %".87" = getelementptr inbounds float, ptr %"b1", i64 9
  %".88" = load float, ptr %".87", align 4
  %".89" = insertelement <4 x float> <float undef, float undef, float undef, float undef>, float %".88", i32 0
  %".90" = shufflevector <4 x float> %".89", <4 x float> <float undef, float undef, float undef, float undef>, <4 x i32> <i32 0, i32 0, i32 0, i32 0>
  %".91" = call <4 x float> @"llvm.fma.v4f32"(<4 x float> %".90", <4 x float> %".83", <4 x float> %".65")
  %".92" = getelementptr inbounds float, ptr %"b1", i64 10
  %".93" = load float, ptr %".92", align 4
  %".94" = insertelement <4 x float> <float undef, float undef, float undef, float undef>, float %".93", i32 0
  %".95" = shufflevector <4 x float> %".94", <4 x float> <float undef, float undef, float undef, float undef>, <4 x i32> <i32 0, i32 0, i32 0, i32 0>
  %".96" = call <4 x float> @"llvm.fma.v4f32"(<4 x float> %".95", <4 x float> %".83", <4 x float> %".70")
  %".97" = getelementptr inbounds float, ptr %"b1", i64 11
  %".98" = load float, ptr %".97", align 4
  %".99" = insertelement <4 x float> <float undef, float undef, float undef, float undef>, float %".98", i32 0
  %".100" = shufflevector <4 x float> %".99", <4 x float> <float undef, float undef, float undef, float undef>, <4 x i32> <i32 0, i32 0, i32 0, i32 0>
  %".101" = call <4 x float> @"llvm.fma.v4f32"(<4 x float> %".100", <4 x float> %".83", <4 x float> %".75")
  %".102" = getelementptr inbounds float, ptr %"b1", i64 12
  %".103" = load float, ptr %".102", align 4
  %".104" = mul nsw i64 %".22", 25
  %".105" = getelementptr inbounds float, ptr %"b0", i64 %".104"
  %".106" = mul nsw i64 %".25", 5
  %".107" = getelementptr inbounds float, ptr %".105", i64 %".106"
  %".108" = getelementptr inbounds float, ptr %".107", i64 6
  %".109" = load <4 x float>, ptr %".108", align 4
  %".110" = insertelement <4 x float> <float undef, float undef, float undef, float undef>, float %".103", i32 0
  %".111" = shufflevector <4 x float> %".110", <4 x float> <float undef, float undef, float undef, float undef>, <4 x i32> <i32 0, i32 0, i32 0, i32 0>
  %".112" = call <4 x float> @"llvm.fma.v4f32"(<4 x float> %".111", <4 x float> %".109", <4 x float> %".86")
  %".113" = getelementptr inbounds float, ptr %"b1", i64 13
  %".114" = load float, ptr %".113", align 4
  %".115" = insertelement <4 x float> <float undef, float undef, float undef, float undef>, float %".114", i32 0
  %".116" = shufflevector <4 x float> %".115", <4 x float> <float undef, float undef, float undef, float undef>, <4 x i32> <i32 0, i32 0, i32 0, i32 0>
  %".117" = call <4 x float> @"llvm.fma.v4f32"(<4 x float> %".116", <4 x float> %".109", <4 x float> %".91")
  %".118" = getelementptr inbounds float, ptr %"b1", i64 14
  %".119" = load float, ptr %".118", align 4
  %".120" = insertelement <4 x float> <float undef, float undef, float undef, float undef>, float %".119", i32 0
  %".121" = shufflevector <4 x float> %".120", <4 x float> <float undef, float undef, float undef, float undef>, <4 x i32> <i32 0, i32 0, i32 0, i32 0>
  %".122" = call <4 x float> @"llvm.fma.v4f32"(<4 x float> %".121", <4 x float> %".109", <4 x float> %".96")
  %".123" = getelementptr inbounds float, ptr %"b1", i64 15
  %".124" = load float, ptr %".123", align 4
  %".125" = insertelement <4 x float> <float undef, float undef, float undef, float undef>, float %".124", i32 0
  %".126" = shufflevector <4 x float> %".125", <4 x float> <float undef, float undef, float undef, float undef>, <4 x i32> <i32 0, i32 0, i32 0, i32 0>
  %".127" = call <4 x float> @"llvm.fma.v4f32"(<4 x float> %".126", <4 x float> %".109", <4 x float> %".101")
  %".128" = mul nsw i64 %".22", 64
  %".129" = getelementptr inbounds float, ptr %"b2", i64 %".128"
  %".130" = mul nsw i64 %".25", 4
  %".131" = getelementptr inbounds float, ptr %".129", i64 %".130"
  store <4 x float> %".112", ptr %".131", align 4
  %".133" = mul nsw i64 %".22", 64
  %".134" = getelementptr inbounds float, ptr %"b2", i64 %".133"
  %".135" = mul nsw i64 %".25", 4
  %".136" = getelementptr inbounds float, ptr %".134", i64 %".135"
  %".137" = getelementptr inbounds float, ptr %".136", i64 16
  store <4 x float> %".117", ptr %".137", align 4
  %".139" = mul nsw i64 %".22", 64
  %".140" = getelementptr inbounds float, ptr %"b2", i64 %".139"
  %".141" = mul nsw i64 %".25", 4
  %".142" = getelementptr inbounds float, ptr %".140", i64 %".141"
  %".143" = getelementptr inbounds float, ptr %".142", i64 32
  store <4 x float> %".122", ptr %".143", align 4
  %".145" = mul nsw i64 %".22", 64
  %".146" = getelementptr inbounds float, ptr %"b2", i64 %".145"
  %".147" = mul nsw i64 %".25", 4
  %".148" = getelementptr inbounds float, ptr %".146", i64 %".147"
  %".149" = getelementptr inbounds float, ptr %".148", i64 48
  store <4 x float> %".127", ptr %".149", align 4
  %".151" = add nuw nsw i64 %".25", 1
  %".152" = icmp slt i64 %".151", 4
  br i1 %".152", label %"loop.1", label %"done.1"
done.1:
  %".154" = add nuw nsw i64 %".22", 1
  %".155" = icmp slt i64 %".154", %".19"
  br i1 %".155", label %"loop", label %"done"
}

declare <4 x float> @"llvm.fma.v4f32"(<4 x float> %".1", <4 x float> %".2", <4 x float> %".3")
attributes #0 = { nounwind "prefer-vector-width"="256" "min-legal-vector-width"="256" }

