; kernel 0: kernel_72b6b83525ecf5b3a601bd73
; ModuleID = "kernel_72b6b83525ecf5b3a601bd73"
target datalayout = ""

define void @"kernel_72b6b83525ecf5b3a601bd73"(ptr %".1", i64 %".2", i64 %".3") #0
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
  %".9" = sub i64 %"N", 0
  %".10" = urem i64 %".9", 3
  %".11" = sub i64 %"N", %".10"
  %".12" = icmp slt i64 0, %".11"
  br i1 %".12", label %"loop", label %"done"
loop:
  %".14" = phi  i64 [0, %"entry"], [%".183", %"loop"]
  %".15" = mul nsw i64 %".14", 3
  %".16" = getelementptr inbounds float, ptr %"b1", i64 %".15"
  %".17" = load float, ptr %".16", align 4
  %".18" = load <8 x float>, ptr %"b0", align 4
  %".19" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".17", i32 0
  %".20" = shufflevector <8 x float> %".19", <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".21" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".20", <8 x float> %".18", <8 x float> <float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0>)
  %".22" = getelementptr inbounds float, ptr %"b0", i64 8
  %".23" = load <8 x float>, ptr %".22", align 4
  %".24" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".17", i32 0
  %".25" = shufflevector <8 x float> %".24", <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".26" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".25", <8 x float> %".23", <8 x float> <float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0>)
  %".27" = getelementptr inbounds float, ptr %"b0", i64 16
  %".28" = load <8 x float>, ptr %".27", align 4
  %".29" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".17", i32 0
  %".30" = shufflevector <8 x float> %".29", <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".31" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".30", <8 x float> %".28", <8 x float> <float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0>)
  %".32" = mul nsw i64 %".14", 3
  %".33" = getelementptr inbounds float, ptr %"b1", i64 %".32"
  %".34" = getelementptr inbounds float, ptr %".33", i64 3
  %".35" = load float, ptr %".34", align 4
  %".36" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".35", i32 0
  %".37" = shufflevector <8 x float> %".36", <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".38" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".37", <8 x float> %".18", <8 x float> <float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0>)
  %".39" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".35", i32 0
  %".40" = shufflevector <8 x float> %".39", <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".41" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".40", <8 x float> %".23", <8 x float> <float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0>)
  %".42" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".35", i32 0
  %".43" = shufflevector <8 x float> %".42", <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".44" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".43", <8 x float> %".28", <8 x float> <float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0>)
  %".45" = mul nsw i64 %".14", 3
  %".46" = getelementptr inbounds float, ptr %"b1", i64 %".45"
  %".47" = getelementptr inbounds float, ptr %".46", i64 6
  %".48" = load float, ptr %".47", align 4
  %".49" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".48", i32 0
  %".50" = shufflevector <8 x float> %".49", <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".51" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".50", <8 x float> %".18", <8 x float> <float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0>)
  %".52" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".48", i32 0
  %".53" = shufflevector <8 x float> %".52", <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".54" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".53", <8 x float> %".23", <8 x float> <float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0>)
  %".55" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".48", i32 0
  %".56" = shufflevector <8 x float> %".55", <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".57" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".56", <8 x float> %".28", <8 x float> <float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0>)
  %".58" = mul nsw i64 %".14", 3
  %".59" = getelementptr inbounds float, ptr %"b1", i64 %".58"
  %".60" = getelementptr inbounds float, ptr %".59", i64 1
  %".61" = load float, ptr %".60", align 4
  %".62" = getelementptr inbounds float, ptr %"b0", i64 24
  %".63" = load <8 x float>, ptr %".62", align 4
  %".64" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".61", i32 0
  %".65" = shufflevector <8 x float> %".64", <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".66" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".65", <8 x float> %".63", <8 x float> %".21")
  %".67" = getelementptr inbounds float, ptr %"b0", i64 32
  %".68" = load <8 x float>, ptr %".67", align 4
  %".69" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".61", i32 0
  %".70" = shufflevector <8 x float> %".69", <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".71" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".70", <8 x float> %".68", <8 x float> %".26")
  %".72" = getelementptr inbounds float, ptr %"b0", i64 40
  %".73" = load <8 x float>, ptr %".72", align 4
  %".74" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".61", i32 0
  %".75" = shufflevector <8 x float> %".74", <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".76" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".75", <8 x float> %".73", <8 x float> %".31")
  %".77" = mul nsw i64 %".14", 3
  %".78" = getelementptr inbounds float, ptr %"b1", i64 %".77"
  %".79" = getelementptr inbounds float, ptr %".78", i64 4
  %".80" = load float, ptr %".79", align 4
  %".81" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".80", i32 0
  %".82" = shufflevector <8 x float> %".81", <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".83" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".82", <8 x float> %".63", <8 x float> %".38")
  %".84" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".80", i32 0
  %".85" = shufflevector <8 x float> %".84", <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".86" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".85", <8 x float> %".68", <8 x float> %".41")
  %".87" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".80", i32 0
  %".88" = shufflevector <8 x float> %".87", <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".89" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".88", <8 x float> %".73", <8 x float> %".44")
  %".90" = mul nsw i64 %".14", 3
  %".91" = getelementptr inbounds float, ptr %"b1", i64 %".90"
  %".92" = getelementptr inbounds float, ptr %".91", i64 7
  %".93" = load float, ptr %".92", align 4
  %".94" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".93", i32 0
  %".95" = shufflevector <8 x float> %".94", <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".96" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".95", <8 x float> %".63", <8 x float> %".51")
  %".97" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".93", i32 0
  %".98" = shufflevector <8 x float> %".97", <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".99" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".98", <8 x float> %".68", <8 x float> %".54")
  %".100" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".93", i32 0
  %".101" = shufflevector <8 x float> %".100", <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".102" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".101", <8 x float> %".73", <8 x float> %".57")
  %".103" = mul nsw i64 %".14", 3
  %".104" = getelementptr inbounds float, ptr %"b1", i64 %".103"
  %".105" = getelementptr inbounds float, ptr %".104", i64 2
  %".106" = load float, ptr %".105", align 4
  %".107" = getelementptr inbounds float, ptr %"b0", i64 48
  %".108" = load <8 x float>, ptr %".107", align 4
  %".109" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".106", i32 0
  %".110" = shufflevector <8 x float> %".109", <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".111" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".110", <8 x float> %".108", <8 x float> %".66")
  %".112" = getelementptr inbounds float, ptr %"b0", i64 56
  %".113" = load <8 x float>, ptr %".112", align 4
  %".114" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".106", i32 0
  %".115" = shufflevector <8 x float> %".114", <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".116" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".115", <8 x float> %".113", <8 x float> %".71")
  %".117" = getelementptr inbounds float, ptr %"b0", i64 64
  %".118" = load <8 x float>, ptr %".117", align 4
  %".119" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".106", i32 0
  %".120" = shufflevector <8 x float> %".119", <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".121" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".120", <8 x float> %".118", <8 x float> %".76")
  %".122" = mul nsw i64 %".14", 3
  %".123" = getelementptr inbounds float, ptr %"b1", i64 %".122"
  %".124" = getelementptr inbounds float, ptr %".123", i64 5
  %".125" = load float, ptr %".124", align 4
  %".126" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".125", i32 0
  %".127" = shufflevector <8 x float> %".126", <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".128" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".127", <8 x float> %".108", <8 x float> %".83")
  %".129" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".125", i32 0
  %".130" = shufflevector <8 x float> %".129", <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".131" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".130", <8 x float> %".113", <8 x float> %".86")
  %".132" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".125", i32 0
  %".133" = shufflevector <8 x float> %".132", <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".134" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".133", <8 x float> %".118", <8 x float> %".89")
  %".135" = mul nsw i64 %".14", 3
  %".136" = getelementptr inbounds float, ptr %"b1", i64 %".135"
  %".137" = getelementptr inbounds float, ptr %".136", i64 8
  %".138" = load float, ptr %".137", align 4
  %".139" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".138", i32 0
  %".140" = shufflevector <8 x float> %".139", <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".141" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".140", <8 x float> %".108", <8 x float> %".96")
  %".142" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".138", i32 0
  %".143" = shufflevector <8 x float> %".142", <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".144" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".143", <8 x float> %".113", <8 x float> %".99")
  %".145" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".138", i32 0
  %".146" = shufflevector <8 x float> %".145", <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".147" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".146", <8 x float> %".118", <8 x float> %".102")
  %".148" = mul nsw i64 %".14", 24
  %".149" = getelementptr inbounds float, ptr %"b2", i64 %".148"
  store <8 x float> %".111", ptr %".149", align 4
  %".151" = mul nsw i64 %".14", 24
  %".152" = getelementptr inbounds float, ptr %"b2", i64 %".151"
  %".153" = getelementptr inbounds float, ptr %".152", i64 8
  store <8 x float> %".116", ptr %".153", align 4
  %".155" = mul nsw i64 %".14", 24
  %".156" = getelementptr inbounds float, ptr %"b2", i64 %".155"
  %".157" = getelementptr inbounds float, ptr %".156", i64 16
  store <8 x float> %".121", ptr %".157", align 4
  %".159" = mul nsw i64 %".14", 24
  %".160" = getelementptr inbounds float, ptr %"b2", i64 %".159"
  %".161" = getelementptr inbounds float, ptr %".160", i64 24
  store <8 x float> %".128", ptr %".161", align 4
  %".163" = mul nsw i64 %".14", 24
  %".164" = getelementptr inbounds float, ptr %"b2", i64 %".163"
  %".165" = getelementptr inbounds float, ptr %".164", i64 32
  store <8 x float> %".131", ptr %".165", align 4
  %".167" = mul nsw i64 %".14", 24
  %".168" = getelementptr inbounds float, ptr %"b2", i64 %".167"
  %".169" = getelementptr inbounds float, ptr %".168", i64 40
  store <8 x float> %".134", ptr %".169", align 4
  %".171" = mul nsw i64 %".14", 24
  %".172" = getelementptr inbounds float, ptr %"b2", i64 %".171"
  %".173" = getelementptr inbounds float, ptr %".172", i64 48
  store <8 x float> %".141", ptr %".173", align 4
  %".175" = mul nsw i64 %".14", 24
  %".176" = getelementptr inbounds float, ptr %"b2", i64 %".175"
  %".177" = getelementptr inbounds float, ptr %".176", i64 56
  store <8 x float> %".144", ptr %".177", align 4
  %".179" = mul nsw i64 %".14", 24
  %".180" = getelementptr inbounds float, ptr %"b2", i64 %".179"
  %".181" = getelementptr inbounds float, ptr %".180", i64 64
  store <8 x float> %".147", ptr %".181", align 4
  %".183" = add nuw nsw i64 %".14", 3
  %".184" = icmp slt i64 %".183", %".11"
  br i1 %".184", label %"loop", label %"done"
done:
  %".186" = icmp slt i64 %".11", %"N"
  br i1 %".186", label %"loop.1", label %"done.1"
loop.1:
  %".188" = phi  i64 [%".11", %"done"], [%".255", %"loop.1"]
  %".189" = mul nsw i64 %".188", 3
  %".190" = getelementptr inbounds float, ptr %"b1", i64 %".189"
  %".191" = load float, ptr %".190", align 4
  %".192" = load <8 x float>, ptr %"b0", align 4
  %".193" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".191", i32 0
  %".194" = shufflevector <8 x float> %".193", <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".195" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".194", <8 x float> %".192", <8 x float> <float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0>)
  %".196" = getelementptr inbounds float, ptr %"b0", i64 8
  %".197" = load <8 x float>, ptr %".196", align 4
  %".198" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".191", i32 0
  %".199" = shufflevector <8 x float> %".198", <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".200" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".199", <8 x float> %".197", <8 x float> <float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0>)
  %".201" = getelementptr inbounds float, ptr %"b0", i64 16
  %".202" = load <8 x float>, ptr %".201", align 4
  %".203" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".191", i32 0
  %".204" = shufflevector <8 x float> %".203", <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".205" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".204", <8 x float> %".202", <8 x float> <float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0, float              0x0>)
  %".206" = mul nsw i64 %".188", 3
  %".207" = getelementptr inbounds float, ptr %"b1", i64 %".206"
  %".208" = getelementptr inbounds float, ptr %".207", i64 1
  %".209" = load float, ptr %".208", align 4
  %".210" = getelementptr inbounds float, ptr %"b0", i64 24
  %".211" = load <8 x float>, ptr %".210", align 4
  %".212" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".209", i32 0
  %".213" = shufflevector <8 x float> %".212", <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".214" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".213", <8 x float> %".211", <8 x float> %".195")
  %".215" = getelementptr inbounds float, ptr %"b0", i64 32
  %".216" = load <8 x float>, ptr %".215", align 4
  %".217" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".209", i32 0
  %".218" = shufflevector <8 x float> %".217", <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".219" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".218", <8 x float> %".216", <8 x float> %".200")
  %".220" = getelementptr inbounds float, ptr %"b0", i64 40
  %".221" = load <8 x float>, ptr %".220", align 4
  %".222" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".209", i32 0
  %".223" = shufflevector <8 x float> %".222", <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".224" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".223", <8 x float> %".221", <8 x float> %".205")
  %".225" = mul nsw i64 %".188", 3
  %".226" = getelementptr inbounds float, ptr %"b1", i64 %".225"
  %".227" = getelementptr inbounds float, ptr %".226", i64 2
  %".228" = load float, ptr %".227", align 4
  %".229" = getelementptr inbounds float, ptr %"b0", i64 48
  %".230" = load <8 x float>, ptr %".229", align 4
  %".231" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".228", i32 0
  %".232" = shufflevector <8 x float> %".231", <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".233" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".232", <8 x float> %".230", <8 x float> %".214")
  %".234" = getelementptr inbounds float, ptr %"b0", i64 56
  %".235" = load <8 x float>, ptr %".234", align 4
  %".236" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".228", i32 0
  %".237" = shufflevector <8 x float> %".236", <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".238" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".237", <8 x float> %".235", <8 x float> %".219")
  %".239" = getelementptr inbounds float, ptr %"b0", i64 64
  %".240" = load <8 x float>, ptr %".239", align 4
  %".241" = insertelement <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, float %".228", i32 0
  %".242" = shufflevector <8 x float> %".241", <8 x float> <float undef, float undef, float undef, float undef, float undef, float undef, float undef, float undef>, <8 x i32> <i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0>
  %".243" = call <8 x float> @"llvm.fma.v8f32"(<8 x float> %".242", <8 x float> %".240", <8 x float> %".224")
  %".244" = mul nsw i64 %".188", 24
  %".245" = getelementptr inbounds float, ptr %"b2", i64 %".244"
  store <8 x float> %".233", ptr %".245", align 4
  %".247" = mul nsw i64 %".188", 24
  %".248" = getelementptr inbounds float, ptr %"b2", i64 %".247"
  %".249" = getelementptr inbounds float, ptr %".248", i64 8
  store <8 x float> %".238", ptr %".249", align 4
  %".251" = mul nsw i64 %".188", 24
  %".252" = getelementptr inbounds float, ptr %"b2", i64 %".251"
  %".253" = getelementptr inbounds float, ptr %".252", i64 16
  store <8 x float> %".243", ptr %".253", align 4
  %".255" = add nuw nsw i64 %".188", 1
  %".256" = icmp slt i64 %".255", %"N"
  br i1 %".256", label %"loop.1", label %"done.1"
done.1:
  ret void
}

declare <8 x float> @"llvm.fma.v8f32"(<8 x float> %".1", <8 x float> %".2", <8 x float> %".3")
attributes #0 = { nounwind "prefer-vector-width"="256" "min-legal-vector-width"="256" }

